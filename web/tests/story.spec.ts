import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from '@playwright/test';
import type { Job } from '../src/api/jobs';
import { expect, ready, test } from './browse';
import { BINARY } from './place';
import { serve, type Server } from './serve';

/** An application whose answers to half of the cases are as good as `prompt.txt`. */
const APPLICATION = `sleep 1.5
if grep -q hard; then cat prompt.txt; else echo yes; fi
`;
const SUITE = `suite: support
datasets: [{ dataset: tickets@1 }]
target: { name: app, command: [sh, answer.sh] }
scorers: [equals]
`;
const JUDGED = `suite: judged
datasets: [{ path: judged.jsonl, fields: { id: id, input: [question] } }]
target: { name: v1, recorded: v1 }
scorers: [{ name: good, judge: { recorded: verdict, by: a small model } }]
`;
const POLICY = `policy: quick
require:
  - { suite: support, why: Answers must be right., attempts: 2, rules: [{ scorer: equals, min: 0.7 }] }
approvals: { medium: { count: 1 } }
stages: [{ name: all, share: 1 }]
`;
const PEOPLE = { eve: 'engineer', ben: 'rater', cem: 'rater', dee: 'approver' };
const password = (name: string) => `correct horse ${name}`;
const lines = (count: number, row: (n: number) => object) =>
  Array.from({ length: count }, (_, n) => JSON.stringify(row(n))).join('\n');

/** Cases as somebody's own list has them. */
const cases = (count: number, letter: string) =>
  lines(count, n => {
    const kind = n % 2 ? 'hard' : 'easy';
    return { number: `${letter}${n}`, question: `${kind} ${letter} ${n}?`, right: 'yes', kind };
  });

/** A folder as somebody has it who has read the README: files, a key and people; nothing was imported and nothing run. */
function begin(folder: string, assay: (words: string[], input?: string) => string) {
  const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  write('assay.yaml', SUITE);
  write('judged.yaml', JUDGED);
  write('quick.policy.yaml', POLICY);
  write('answer.sh', APPLICATION);
  write('prompt.txt', 'no');
  write(
    'judged.jsonl',
    lines(24, n => {
      const said = { output: `It is ${n % 3 ? 'open' : 'never open'} on day ${n}.` };
      const verdict = n % 3 && n !== 4 ? 'pass' : 'fail';
      return { id: `j${n}`, question: `Day ${n}?`, outputs: { v1: { ...said, metadata: { verdict } } } };
    }),
  );
  assay(['evidence', 'keygen', 'assay']);
  for (const [name, role] of Object.entries(PEOPLE))
    assay(['user', 'add', name, '--role', role, '--password-stdin'], password(name));
}

/** The page of somebody who has logged in. */
async function loggedIn(
  name: keyof typeof PEOPLE,
  browser: Browser,
  server: Server,
): Promise<[Page, BrowserContext]> {
  const context = await browser.newContext({ baseURL: server.address, storageState: undefined });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  await page.goto('/');
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password(name));
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible();
  await ready(page);
  return [page, context];
}

/** Imports lines as a dataset. */
async function bring(page: Page, dataset: string, text: string): Promise<void> {
  await page.getByRole('link', { name: 'Datasets', exact: true }).click();
  await page.getByRole('button', { name: 'Import…' }).click();
  const dialog = page.getByRole('dialog');
  const file = { name: `${dataset}.jsonl`, mimeType: '', buffer: Buffer.from(text) };
  await dialog.getByLabel('File', { exact: true }).setInputFiles(file);
  await dialog.getByLabel('What number is').selectOption('id');
  await dialog.getByLabel('What right is').selectOption('expected');
  await dialog.getByLabel('What kind is').selectOption('metadata');
  await dialog.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(dialog.getByRole('status')).toContainText(`${dataset}@1 has`);
  await expect(dialog.getByText(`datasets: [{ dataset: ${dataset}@1 }]`)).toBeVisible();
  await dialog.getByRole('button', { name: 'Done' }).click();
}

/** Queues a suite and leads to its run, which goes on or has ended. */
async function run(page: Page, suite: string): Promise<void> {
  await page.goto('/runs');
  await page.getByRole('button', { name: 'Run a suite…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Suite file').fill(suite);
  const asked = page.waitForResponse(answer => answer.request().method() === 'POST');
  await dialog.getByRole('button', { name: 'Run', exact: true }).click();
  const queued = (await (await asked).json()) as Job;
  await expect(dialog).toBeHidden();
  const jobs = page.getByRole('list', { name: 'Jobs' });
  const job = jobs.getByRole('listitem').filter({ hasText: `${suite} job ${queued.job} ` });
  await job.getByRole('link').click({ timeout: 30_000 });
}
const complete = (page: Page) =>
  expect(page.getByRole('heading', { level: 1 })).toContainText('sealed', { timeout: 40_000 });

async function choose(page: Page, what: string): Promise<void> {
  await page.getByRole('button', { name: 'Use it' }).click();
  await page.getByRole('menuitem', { name: what }).click();
}

/** Rates all there is, as one who says what is so, with the keys alone; returns how much it was. */
async function rate(page: Page, project: string): Promise<number> {
  await page.getByRole('link', { name: project }).click();
  await expect(page.getByRole('button', { name: /^Join/ })).toBeVisible();
  await page.keyboard.press('Enter');
  const item = page.getByRole('heading', { level: 2, name: /^Item \d+ of \d+$/ });
  const done = page.getByRole('heading', { name: 'Done' });
  for (let rated = 0; ; rated++) {
    await expect(item.or(done)).toBeVisible();
    if (await done.isVisible()) return rated;
    const [before, text] = [await item.innerText(), await page.locator('main').innerText()];
    await page.keyboard.press(text.includes('never') ? 'n' : 'y');
    await page.keyboard.press('Enter');
    await expect(item.filter({ hasText: before })).toHaveCount(0);
  }
}

test('from a suite to a release, on the page', async ({ browser, place: at }, info) => {
  expect(at.address).toBeTruthy();
  const folder = mkdtempSync(path.join(tmpdir(), 'assay-e2e-story-'));
  const workspace = path.join(folder, '.assay');
  const assay = (words: string[], input = '') =>
    execFileSync(BINARY, words, {
      cwd: folder,
      env: { ...process.env, ASSAY_WORKSPACE: workspace, ASSAY_USER: 'eve' },
      input,
      stdio: ['pipe', 'pipe', 'pipe'],
    }).toString();
  begin(folder, assay);
  const server = await serve(workspace, '--team');
  const opened: BrowserContext[] = [];
  const come = async (name: keyof typeof PEOPLE) => {
    const [page, context] = await loggedIn(name, browser, server);
    opened.push(context);
    return page;
  };
  try {
    const eve = await come('eve');
    await expect(eve.getByText('No run yet')).toBeVisible();
    // Bring the cases, and say which column is what.
    await bring(eve, 'tickets', cases(24, 'c'));
    await bring(eve, 'watched', cases(3, 't'));

    // Run, watch, and make it what later runs are compared with.
    await run(eve, 'assay.yaml');
    await expect(eve.getByRole('progressbar', { name: 'Finished trials' })).toBeVisible();
    await complete(eve);
    await choose(eve, 'As a baseline');
    await eve.getByRole('button', { name: 'Make it the baseline' }).click();
    await expect(eve.getByText('@main')).toBeVisible();

    // A better prompt: run it again and compare.
    writeFileSync(path.join(folder, 'prompt.txt'), 'yes');
    await run(eve, 'assay.yaml');
    await complete(eve);
    const better = new URL(eve.url()).pathname;
    await eve.locator('main').getByRole('link', { name: 'Compare', exact: true }).click();
    await eve.getByRole('link', { name: /^against / }).click();
    await expect(eve.getByText('24 cases paired')).toBeVisible();
    await expect(eve.getByText('+0.500').first()).toBeVisible();

    // Keep a case for the dataset.
    await eve.goto(`${better}/cases/c1`);
    await eve.getByRole('button', { name: 'Add to a dataset…' }).click();
    await eve.getByLabel('Dataset', { exact: true }).selectOption('watched');
    await eve.getByLabel(/Why it is worth keeping/).fill('was wrong once');
    await eve.getByRole('button', { name: 'Add', exact: true }).click();
    await eve.getByRole('link', { name: /quarantine/ }).click();
    await expect(eve.getByRole('table', { name: 'Cases that wait' })).toContainText('was wrong once');
    const asked = eve.getByRole('dialog');

    // Ask people about answers that a judge has judged.
    await run(eve, 'judged.yaml');
    await complete(eve);
    await choose(eve, 'For people to rate');
    await eve.getByLabel('Name of the project').fill('days');
    await eve.getByLabel('Answers (optional)').fill('10');
    await eve.getByRole('button', { name: 'Make the project' }).click();
    await expect(eve).toHaveURL(/\/review\/days$/);
    for (const name of ['ben', 'cem'] as const) expect(await rate(await come(name), 'days')).toBe(10);
    await eve.getByRole('link', { name: 'Agreement and raters' }).click();
    await expect(eve.getByText('10 of 10')).toBeVisible();

    // What they say calibrates the judge.
    await eve.getByRole('button', { name: 'Calibrate a judge…' }).click();
    await asked.getByRole('button', { name: 'Calibrate', exact: true }).click();
    await expect(asked.getByText('10 new', { exact: true })).toBeVisible();
    await asked.getByRole('link', { name: 'See the certificate' }).click();
    await expect(eve.getByRole('main').getByText('10 drawn by chance')).toBeVisible();

    // Propose the better prompt, have it measured; somebody else agrees and ships it.
    await eve.goto(better);
    await choose(eve, 'For a release');
    await expect(asked.getByLabel('Candidate runs (optional)')).not.toHaveValue('');
    await asked.getByLabel('What changes').fill('A better prompt');
    await asked.getByLabel('Policy', { exact: true }).fill('quick.policy.yaml');
    await asked.getByLabel('prompt').check();
    await asked.getByRole('button', { name: 'Open', exact: true }).click();
    await eve.getByRole('button', { name: 'Evaluate…' }).click();
    await asked.getByRole('button', { name: 'Evaluate', exact: true }).click();
    await expect(eve.getByRole('table', { name: 'Rules of support' })).toContainText('pass');
    const dee = await come('dee');
    await dee.goto(new URL(eve.url()).pathname);
    for (const act of ['Approve', 'Ship']) {
      await dee.getByRole('button', { name: `${act}…`, exact: true }).click();
      await dee.getByRole('dialog').getByLabel('Why').fill('as hoped');
      await dee.getByRole('dialog').getByRole('button', { name: act, exact: true }).click();
      await expect(dee.getByRole('dialog')).toBeHidden();
    }
    await expect(dee.getByRole('heading', { level: 1 })).toContainText('shipped');

    // What it rests on, taken away and checked.
    await dee.goto(better);
    await dee.getByRole('button', { name: 'Evidence' }).click();
    await dee.getByRole('menuitem', { name: 'Take a pack away…' }).click();
    const coming = dee.waitForEvent('download');
    await dee.getByRole('button', { name: 'Download' }).click();
    const pack = info.outputPath('support.assay-evidence');
    await (await coming).saveAs(pack);
    await dee.goto('/evidence');
    await dee.getByLabel('File').setInputFiles(pack);
    await dee.getByRole('button', { name: 'Check', exact: true }).click();
    await expect(dee.getByText('support.assay-evidence holds')).toBeVisible();
  } finally {
    for (const context of opened) await context.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
});
