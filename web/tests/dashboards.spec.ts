import Axe from '@axe-core/playwright';
import { expect, open, ready, test } from './browse';

const SQL =
  'select suite, target, count(*) as trials from trials group by suite, target order by suite, target';

test('a chart that Explore shows is saved, put on a dashboard, and seen by whoever has its address', async ({
  page,
  browser,
  place,
}) => {
  const said = new URLSearchParams({ sql: SQL, kind: 'bar', x: 'suite', y: 'trials', colour: 'target' });
  await open(page, `/explore?${said}`);
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Save…' }).click();
  await dialog.getByLabel('Name').fill('Trials <i>by</i> suite');
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('link', { name: 'all charts' }).click();
  await ready(page);
  const charts = page.getByRole('table', { name: 'Charts' });
  await expect(charts).toContainText('Trials <i>by</i> suite');

  await page.getByRole('button', { name: 'New dashboard…' }).click();
  await dialog.getByLabel('Name').fill('Every morning');
  await dialog.getByRole('button', { name: 'Make it' }).click();
  await page.getByLabel('add').selectOption({ label: 'Trials <i>by</i> suite' });
  await page.getByRole('button', { name: 'Keep' }).click();
  await expect(page.getByRole('button', { name: 'Copy the address' })).toBeVisible();
  const picture = page.getByRole('img', { name: /^trials by suite/ });
  await expect(picture).toBeVisible();
  const { violations } = await new Axe({ page }).analyze();
  expect(violations.filter(of => of.impact === 'serious' || of.impact === 'critical')).toEqual([]);

  const other = await browser.newContext({ baseURL: place.address, storageState: place.session });
  const theirs = await other.newPage();
  await open(theirs, new URL(page.url()).pathname);
  await expect(theirs.getByRole('img', { name: /^trials by suite/ })).toBeVisible();
  await other.close();

  // A chart that is removed leaves the dashboard.
  const address = page.url();
  await open(page, '/explore/charts');
  await charts.getByRole('button', { name: 'Remove…' }).click();
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(page.getByText('No chart yet')).toBeVisible();
  await open(page, address);
  await expect(page.getByText('0 charts')).toBeVisible();
});
