import { readFileSync } from 'node:fs';
import { expect, open, ready, test } from './browse';

const SQL = 'select target, count(*) as n from trials group by target order by target';

test('a chart is drawn from the answer, and its kind and columns are in the address', async ({ page }) => {
  await open(page, `/explore?${new URLSearchParams({ sql: SQL })}`);
  const rows = await page.getByRole('table', { name: 'Result' }).locator('tbody tr').count();
  await page.getByLabel('kind').selectOption('bar');
  const picture = page.getByRole('img', { name: /^n by target/ });
  await expect(picture.locator('rect')).toHaveCount(rows);
  await expect(page).toHaveURL(/kind=bar/);
  const heights = () =>
    picture.locator('rect').evaluateAll(bars => bars.map(bar => Number(bar.getAttribute('height'))));
  // The tallest bar is the largest number.
  const numbers = (
    await page.getByRole('table', { name: 'Result' }).locator('tbody td.num').allInnerTexts()
  ).map(Number);
  const tall = await heights();
  expect(tall.indexOf(Math.max(...tall))).toBe(numbers.indexOf(Math.max(...numbers)));
  await page.reload();
  await ready(page);
  await expect(picture.locator('rect')).toHaveCount(rows);
  await page.getByLabel('kind').selectOption('line');
  await page.getByLabel('colour').selectOption('target');
  await expect(page.getByRole('img', { name: /^n by target and target/ })).toBeVisible();
  await expect(page).toHaveURL(/colour=target/);
});

test('the answer is taken away as CSV, JSON lines and Parquet', async ({ page }) => {
  await open(page, `/explore?${new URLSearchParams({ sql: SQL })}`);
  const rows = await page.getByRole('table', { name: 'Result' }).locator('tbody tr').count();
  for (const [name, check] of [
    ['CSV', (bytes: Buffer) => bytes.toString().trim().split('\n').length === rows + 1],
    [
      'JSONL',
      (bytes: Buffer) =>
        bytes
          .toString()
          .trim()
          .split('\n')
          .every(line => 'n' in JSON.parse(line)),
    ],
    ['Parquet', (bytes: Buffer) => bytes.subarray(0, 4).toString() === 'PAR1'],
  ] as const) {
    const coming = page.waitForEvent('download');
    await page.getByRole('button', { name, exact: true }).click();
    const file = await (await coming).path();
    expect(check(readFileSync(file)), name).toBe(true);
  }
});
