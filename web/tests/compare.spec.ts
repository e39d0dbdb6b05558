import type { CompareAnswer } from '../src/api/types';
import { score, signed } from '../src/format/number';
import { assay, expect, newest, open, ready, runsOf, test } from './browse';

test('the margin of the gate is a line in the plot, and the frontier names its points', async ({ page }) => {
  const run = await newest(page, 'docs-qa');
  await open(page, `/compare?candidate=${run.id}:v2&baseline=${run.id}:v1`);
  const row = page.getByRole('table', { name: 'Paired differences' }).getByRole('row', { name: /recall@3/ });
  await expect(row).toContainText('margin 0.050');
  await expect(row.getByRole('img', { name: /the gate bears a loss of 0\.050/ })).toBeVisible();
  const found = assay<CompareAnswer['comparison']>('compare', `${run.id}:v2`, `${run.id}:v1`, '--json');
  const first = found.rows[0];
  const picture = page.getByRole('img', { name: new RegExp(`^${first?.scorer} against p50 latency`) });
  await expect(picture).toHaveAccessibleName(new RegExp(`v2 ${score(first?.candidate.value)}`));
  // v2 answers more, so that v1 is on the frontier if and only if it was faster.
  const { cost } = (await (
    await page.request.get(`/api/v1/compare?candidate=${run.id}:v2&baseline=${run.id}:v1`)
  ).json()) as CompareAnswer;
  const faster = (cost.baseline.p50_us ?? 0) < (cost.candidate.p50_us ?? 0);
  await expect(picture).toHaveAccessibleName(
    new RegExp(`On the frontier: ${faster ? `${run.short}:v1, ` : ''}${run.short}:v2$`),
  );
  await page.getByRole('combobox', { name: 'against' }).selectOption('p90 latency');
  await expect(page.getByRole('img', { name: /against p90 latency/ })).toBeVisible();
});

test('several candidates stand beside one baseline with the numbers of each comparison', async ({ page }) => {
  const [newer, older] = await runsOf(page, 'docs-qa');
  if (!newer || !older) throw new Error('two runs are expected');
  await open(page, '/runs');
  await page.getByRole('checkbox', { name: `Pick ${older.short} to compare` }).check();
  await page.getByRole('checkbox', { name: `Pick ${newer.short} to compare` }).check();
  await page.getByRole('link', { name: 'Compare the two' }).click();
  // Each of the two targets against the same target of the other run.
  const table = page.getByRole('table', { name: 'Candidates side by side' });
  await expect(table.locator('thead th')).toHaveCount(3);
  await ready(page);
  for (const target of ['v1', 'v2']) {
    const found = assay<CompareAnswer['comparison']>(
      'compare',
      `${newer.id}:${target}`,
      `${older.id}:${target}`,
      '--json',
    );
    for (const row of found.rows) await expect(table).toContainText(signed(row.difference.value));
  }
  await table.getByRole('link', { name: /v2/ }).click();
  await expect(page.getByRole('table', { name: 'Paired differences' })).toBeVisible();
  await page.goBack();
  await expect(table).toBeVisible();
});
