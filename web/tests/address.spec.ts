import { expect, newest, open, ready, test } from './browse';

test('the filters of cases live in the address: back, forward and reload keep the view', async ({ page }) => {
  const run = await newest(page, 'docs-qa');
  await open(page, `/runs/${run.id}/cases`);
  const note = page.getByText(/\d+ match/);
  await expect(note).toHaveText('148 match');
  await page.getByLabel('target').selectOption('v2');
  await expect(note).toHaveText('74 match');
  await page.getByRole('button', { name: 'latency' }).last().click();
  await expect(page.getByRole('columnheader', { name: 'latency' }).last()).toHaveAttribute(
    'aria-sort',
    'ascending',
  );
  const lines = () => page.locator('[aria-rowindex]').allInnerTexts();
  await ready(page);
  const sorted = await lines();
  const address = page.url();
  await page.reload();
  await ready(page);
  await expect(note).toHaveText('74 match');
  expect(page.url()).toBe(address);
  await expect(page.getByLabel('target')).toHaveValue('v2');
  expect(await lines()).toEqual(sorted);
  await page.goBack();
  await expect(note).toHaveText('148 match');
  await page.goForward();
  await expect(note).toHaveText('74 match');
});

test('a list that was scrolled is found again where it was, a new page begins at its top', async ({
  page,
}) => {
  const run = await newest(page, 'docs-qa');
  await open(page, `/runs/${run.id}/cases`);
  await page.mouse.wheel(0, 3000);
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBeGreaterThan(2000);
  const before = await page.evaluate(() => window.scrollY);
  const rows = page.locator('[aria-rowindex]');
  const middle = rows.nth(Math.floor((await rows.count()) / 2)).getByRole('link');
  await middle.click();
  await ready(page);
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBe(0);
  await page.goBack();
  await ready(page);
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBe(before);
});

test('filters of runs, pages of releases and a query are sent by their address', async ({ page }) => {
  await open(page, '/runs?label=branch%3Dchange');
  await expect(page.getByRole('table', { name: /^Runs/ }).locator('tbody tr')).toHaveCount(1);
  await page.getByLabel('status').selectOption('interrupted');
  await expect(page.getByText('No run matches')).toBeVisible();
  await page.goBack();
  await expect(page.getByRole('table', { name: /^Runs/ }).locator('tbody tr')).toHaveCount(1);

  await open(page, '/explore');
  await page.getByLabel('SQL').fill("select count(*) as n from trials where suite = 'agent'");
  await page.getByLabel('SQL').press('Control+Enter');
  const result = page.getByRole('table', { name: 'Result' });
  await expect(result.locator('tbody td')).toHaveText('2');
  await page.reload();
  await expect(result.locator('tbody td')).toHaveText('2');
});
