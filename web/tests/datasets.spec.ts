import { execFileSync } from 'node:child_process';
import type { CaseChange, CheckFinding, CoverageCell } from '../src/api/datasets';
import { BINARY, place } from './place';
import { expect, newest, open, ready, test } from './browse';

/** What a command says line by line, as JSON. */
function lines<T>(...words: string[]): T[] {
  const said = execFileSync(BINARY, [...words, '--json'], {
    env: { ...process.env, ASSAY_WORKSPACE: place().workspace, ASSAY_USER: 'ann@example.org' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return said
    .toString()
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as T);
}

test('the list says which part is sealed and how many looks are left', async ({ page }) => {
  await open(page, '/datasets');
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'questions' }) });
  await expect(row).toContainText('holdout 1/5');
  await expect(row).toContainText('approved@1');
  await row.getByRole('link', { name: 'questions' }).click();
  await ready(page);
  await expect(page.getByRole('table', { name: 'Parts' })).toContainText('1 of 5');
});

test('what changed is told case by case with the words marked, as the command tells it', async ({ page }) => {
  const changes = lines<CaseChange>('dataset', 'diff', 'support').filter(of => of.change);
  await open(page, '/datasets/support/diff');
  const items = page.locator('.changes > li');
  await expect(items).toHaveCount(changes.length);
  const changed = items.filter({ hasText: 'refunds-9' });
  await expect(changed.locator('ins')).toHaveText(['usually ', 'up to ', 'working ']);
});

test('of a dataset with a sealed part the page tells how many cases differ and none of them', async ({
  page,
}) => {
  await open(page, '/datasets/questions/diff');
  await expect(page.getByText('only the counts are told')).toBeVisible();
  await expect(page.locator('.changes > li')).toHaveCount(0);
});

test('coverage says the counts that the command says, thin values marked', async ({ page }) => {
  const cells = lines<{ cell: CoverageCell }>('dataset', 'coverage', 'support');
  await open(page, '/datasets/support/coverage');
  for (const { cell } of cells) {
    const row = page
      .getByRole('table', { name: `Cases by ${cell.key}`, exact: true })
      .getByRole('row')
      .filter({ has: page.getByRole('rowheader', { name: new RegExp(`^${cell.value}( |$)`) }) });
    await expect(row.getByRole('cell').first()).toHaveText(String(cell.cases));
    await expect(row.getByText('thin')).toHaveCount(cell.cases < 20 ? 1 : 0);
  }
});

test('quality says what the command says', async ({ page }) => {
  const findings = lines<CheckFinding>('dataset', 'check', 'support');
  await open(page, '/datasets/support/check');
  const rows = page.getByRole('table', { name: 'Findings' }).locator('tbody tr');
  await expect(rows).toHaveCount(findings.length);
  await expect(rows.first()).toContainText(findings[0]?.message.replaceAll('`', '') ?? 'nothing was found');
});

test('a case is found by its text, opened by keys, and the address shows it again', async ({ page }) => {
  await open(page, '/datasets/support/cases');
  await page.keyboard.press('/');
  await page.keyboard.type('about account');
  const cases = page.getByRole('table', { name: 'Cases' });
  await expect(cases.getByRole('rowheader').first()).toHaveText(/^account-/);
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('about account');
  await page.reload();
  await expect(dialog).toContainText('about account');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
});

test('no case of a sealed part is in the list', async ({ page }) => {
  const sealed = lines<{ id: string }>(
    ...['dataset', 'show', 'questions', '--split', 'holdout', '--reason', 'a test', '--cases', '100'],
  );
  expect(sealed.length).toBeGreaterThan(0);
  await open(page, '/datasets/questions/cases');
  await expect(page.getByRole('table', { name: 'Cases' }).getByRole('rowheader').first()).toBeVisible();
  for (const { id } of sealed) {
    await open(page, `/datasets/questions/cases?search=${id}`);
    await expect(page.getByRole('rowheader', { name: id, exact: true })).toHaveCount(0);
  }
});

test('where a version comes from leads to what it was made of', async ({ page }) => {
  await open(page, '/datasets/support/lineage');
  const picture = page.getByRole('group', { name: 'Where the version comes from' });
  await expect(picture).toContainText('support@2');
  await expect(picture).toContainText('support-2.jsonl');
});

test("a run's case waits in a dataset, and is accepted into a new version", async ({ page }) => {
  const run = await newest(page, 'docs-qa');
  await open(page, `/runs/${run.id}/cases/q03`);
  await page.getByRole('button', { name: 'Add to a dataset…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Dataset', { exact: true }).selectOption('support');
  await dialog.getByLabel('Why it is worth keeping').fill('both versions miss it');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await dialog.getByRole('link', { name: 'the quarantine of support' }).click();
  await ready(page);
  await page.getByLabel('Choose q03').check();
  await page.getByRole('button', { name: 'Accept 1…' }).click();
  await dialog.getByRole('button', { name: 'Accept', exact: true }).click();
  await expect(page.getByRole('status')).toContainText('@3 has 1 new case');
  expect(lines<{ id: string }>('dataset', 'show', 'support', '--cases', '500').map(of => of.id)).toContain(
    'q03',
  );
});
