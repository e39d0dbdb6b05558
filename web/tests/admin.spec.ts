import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, open, ready, test } from './browse';
import { BINARY, place } from './place';
import { serve } from './serve';

const assay = (workspace: string, words: string[], input = '') =>
  execFileSync(BINARY, words, {
    env: { ...process.env, ASSAY_WORKSPACE: workspace, ASSAY_USER: 'ann@example.org' },
    input,
    stdio: ['pipe', 'pipe', 'pipe'],
  }).toString();

test('one person without accounts is told how a team gets them', async ({ page }) => {
  await open(page, '/admin/people');
  await expect(page.getByText('assay serve --team')).toBeVisible();
});

test('the audit log is read newest first, and the proof of an entry holds without the server', async ({
  page,
}, info) => {
  const { workspace } = place();
  const key = path.join(workspace, '../assay');
  assay(workspace, ['audit', 'checkpoint', '--key', `${key}.pem`]);
  await open(page, '/admin/audit');
  await page.getByRole('button', { name: 'Check every entry' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'whole' })).toBeVisible();
  const rows = page.getByRole('table', { name: 'Audit log' }).locator('tbody tr');
  const numbers = await rows.locator('td:first-child').allInnerTexts();
  expect(numbers).toEqual([...numbers].sort((a, b) => Number(b) - Number(a)));

  await page.getByRole('searchbox').fill('release open');
  await expect(rows.first()).toContainText('release open');
  await page.getByRole('searchbox').fill('');
  // What stands behind a dialog is hidden from readers, the heading too.
  await page.goto('/admin/audit?proof=0');
  const dialog = page.getByRole('dialog', { name: 'Proof of entry 0' });
  await expect(dialog.getByText('✓ signed')).toBeVisible();
  const take = async (name: string, file: string) => {
    const coming = page.waitForEvent('download');
    await dialog.getByRole('button', { name }).click();
    await (await coming).saveAs(info.outputPath(file));
    return info.outputPath(file);
  };
  const proof = await take('Download the proof', 'entry.proof');
  const entry = await take('Download the entry', 'entry.json');
  const check = ['audit', 'verify', '--proof', proof, '--entry', entry, '--key', `${key}.pub.pem`];
  expect(assay(workspace, check)).toContain('verified');
  writeFileSync(entry, readFileSync(entry, 'utf8').replace('ann@', 'eve@'));
  expect(() => assay(workspace, check)).toThrow();
});

test('people are let in, get keys and are shut out; passwords and keys are shown once', async ({
  browser,
  place: at,
}) => {
  expect(at.address).toBeTruthy();
  const folder = mkdtempSync(path.join(tmpdir(), 'assay-e2e-team-'));
  const workspace = path.join(folder, '.assay');
  assay(workspace, ['user', 'add', 'ada', '--role', 'admin', '--password-stdin'], 'correct horse battery');
  const server = await serve(workspace, '--team');
  const context = await browser.newContext({ baseURL: server.address, storageState: undefined });
  try {
    const page = await context.newPage();
    const login = async (name: string, password: string) => {
      await page.goto('/admin/people');
      await page.getByLabel('Name').fill(name);
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button', { name: 'Log in', exact: true }).click();
      await ready(page);
    };
    await login('ada', 'correct horse battery');
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Let somebody in…' }).click();
    await dialog.getByLabel('Name').fill('ben');
    await dialog.getByLabel('engineer').check();
    await dialog.getByRole('button', { name: 'Let in' }).click();
    const shown = dialog.getByLabel('The password of ben');
    const password = await shown.inputValue();
    expect(password.length).toBeGreaterThan(11);
    await page.keyboard.press('Escape');
    await expect(shown).toBeVisible();
    await dialog.getByRole('button', { name: 'I have kept it' }).click();
    await expect(page.locator('body')).not.toContainText(password);

    const row = page.getByRole('table', { name: 'People' }).getByRole('row').filter({ hasText: 'ben' });
    await expect(row).toContainText('engineer');
    await row.getByRole('button', { name: 'Key…' }).click();
    await dialog.getByLabel('What it is for').fill('nightly');
    await dialog.getByRole('button', { name: 'Make a key' }).click();
    const key = await dialog.getByLabel('The key nightly').inputValue();
    await dialog.getByRole('button', { name: 'I have kept it' }).click();
    const asks = () =>
      fetch(`${server.address}/api/v1/runs`, { headers: { authorization: `Bearer ${key}` } }).then(
        answer => answer.status,
      );
    expect(await asks()).toBe(200);
    await page.getByRole('button', { name: 'Revoke…' }).click();
    await dialog.getByRole('button', { name: 'Revoke', exact: true }).click();
    await expect(page.getByText('No key yet')).toBeVisible();
    expect(await asks()).toBe(401);

    await row.getByRole('button', { name: 'Shut out' }).click();
    await expect(row).toContainText('shut out');
    await context.clearCookies();
    await page.goto('/admin/people');
    await page.getByLabel('Name').fill('ben');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in', exact: true }).click();
    await expect(page.getByRole('alert')).toBeVisible();
  } finally {
    await context.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
});
