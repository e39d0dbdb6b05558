import { expect, newest, open, ready, test } from './browse';

test('the first thing that Tab reaches leads past the navigation', async ({ page }) => {
  await open(page, '/runs');
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'Skip to the content' });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press('Enter');
  await expect(page.locator('main')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Run a suite…' })).toBeFocused();
});

test('every place is two keys away, and the keys are told', async ({ page }) => {
  await open(page, '/');
  for (const [key, name] of [
    ['r', 'Runs'],
    ['c', 'Compare'],
    ['e', 'Explore'],
    ['d', 'Datasets'],
    ['l', 'Releases'],
    ['o', 'Overview'],
  ] as const) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
  }
  await page.keyboard.press('?');
  const keys = page.getByRole('dialog', { name: 'Keys' });
  await expect(keys).toContainText('go to Runs');
  await page.keyboard.press('Escape');
  await expect(keys).toBeHidden();
});

test('a case is found, opened and left without a mouse', async ({ page }) => {
  const run = await newest(page, 'docs-qa');
  await open(page, '/runs');
  await page.keyboard.press('/');
  await expect(page.getByRole('searchbox')).toBeFocused();
  await page.keyboard.type('docs');
  await expect(page.getByRole('table', { name: /^Runs/ }).locator('tbody tr')).toHaveCount(2);
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`/runs/${run.id}`);
  await ready(page);
  await page.getByRole('link', { name: 'Cases' }).focus();
  await page.keyboard.press('Enter');
  const rows = page.getByRole('table', { name: 'Trials' }).locator('[aria-rowindex]');
  await expect(rows.first()).toBeVisible();
  for (let n = 0; n < 40; n++) await page.keyboard.press('j');
  const chosen = page.locator('.line[aria-current="true"]');
  await expect(chosen).toHaveAttribute('aria-rowindex', '40');
  await expect(chosen).toBeInViewport();
  await page.keyboard.press('k');
  await expect(chosen).toHaveAttribute('aria-rowindex', '39');
  const id = await chosen.getByRole('rowheader').innerText();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: `Case ${id}` })).toBeVisible();
  await ready(page);
  await expect(page.locator('main')).toBeFocused();
  await page.keyboard.press('j');
  await expect(page.getByRole('heading', { level: 1, name: `Case ${id}` })).toBeHidden();
  await page.keyboard.press('u');
  await expect(page).toHaveURL(/\/cases(\?|$)/);
  await expect(chosen).toHaveAttribute('aria-rowindex', '39');
  await expect(chosen).toBeInViewport();
});

test('the theme is switched from the keyboard and stays', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await open(page, '/');
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  const menu = page.getByRole('button', { name: /ann@example\.org/ });
  await menu.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitem', { name: 'Dark' })).toBeVisible();
  await page.keyboard.press('d');
  await expect(page.getByRole('menuitem', { name: 'Dark' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(menu).toBeFocused();
  const dark = await ground();
  expect(dark).not.toBe(light);
  await page.reload();
  await ready(page);
  expect(await ground()).toBe(dark);
});
