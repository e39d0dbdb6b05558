import { execFileSync } from 'node:child_process';
import { test as base, expect, type Page } from '@playwright/test';
import type { GateReport, RunItem, RunRecord, RunSummary, Totals } from '../src/api/types';
import { BINARY, missing, place, type Place } from './place';

/** What a page may do beside being read: said by a test that provokes it. */
interface Allowed {
  /** Errors of the console that the test brings about, such as an answer of 404. */
  expected: RegExp | undefined;
}

/** What a page must never do: told by the browser while the test runs, and looked at when it ends. */
function watch(page: Page, address: string): string[] {
  const bad: string[] = [];
  page.on('console', message => {
    if (message.type() === 'error' || /content security policy/i.test(message.text()))
      bad.push(`console: ${message.text()}`);
  });
  page.on('pageerror', error => bad.push(`error: ${error.message}`));
  page.on('dialog', dialog => {
    bad.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('popup', popup => bad.push(`window: ${popup.url()}`));
  page.on('request', request => {
    const url = new URL(request.url());
    if (url.origin !== address && url.protocol !== 'data:' && url.protocol !== 'blob:')
      bad.push(`request: ${url.href}`);
  });
  return bad;
}

/** A browser that is logged in; a test fails when its page breaks the policy, asks another host or logs an error. */
export const test = base.extend<Allowed & { place: Place; guard: string[] }>({
  expected: [undefined, { option: true }],
  // eslint-disable-next-line no-empty-pattern -- the form that fixtures have
  place: async ({}, give) => {
    const why = missing();
    base.skip(!!why, why);
    await give(place());
  },
  baseURL: async ({ place: at }, give) => give(at.address),
  storageState: async ({ place: at }, give) => give(at.session),
  guard: [
    async ({ page, place: at, expected }, give) => {
      const bad = watch(page, at.address);
      await give(bad);
      expect(bad.filter(line => !expected?.test(line))).toEqual([]);
    },
    { auto: true },
  ],
});
export { expect };

/** What `assay show --json` says of a run. */
export interface Shown {
  run: RunRecord & { id: string; suite: string };
  status: string;
  totals: Totals;
  summary: RunSummary['summary'];
  gate: GateReport;
  comparison: RunSummary['comparison'];
}

/** The command's answer about the same workspace: what pages are compared with. */
export function assay<T>(...words: string[]): T {
  const { workspace } = place();
  const said = execFileSync(BINARY, words, {
    env: { ...process.env, ASSAY_WORKSPACE: workspace, ASSAY_USER: 'ann@example.org' },
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(said.toString()) as T;
}

/** The runs of a suite, newest first, as the API lists them. */
export async function runsOf(page: Page, suite: string): Promise<RunItem[]> {
  const answer = await page.request.get(`/api/v1/runs?suite=${suite}`);
  return ((await answer.json()) as { items: RunItem[] }).items;
}

export async function newest(page: Page, suite: string): Promise<RunItem> {
  const [run] = await runsOf(page, suite);
  if (!run) throw new Error(`no run of ${suite}`);
  return run;
}

/** Opens a page of the application and waits until nothing on it is being loaded any more. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await ready(page);
}

export async function ready(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.locator('.loading, [aria-busy="true"]')).toHaveCount(0);
}
