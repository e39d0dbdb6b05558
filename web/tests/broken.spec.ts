import { expect, open, test } from './browse';
import { serve } from './serve';

const LOGIN = /status of 401/;

test.describe('without a session', () => {
  test.use({ storageState: undefined, expected: LOGIN });

  test('a wrong token is refused, and the right one gets in', async ({ page, place: at }) => {
    await page.context().clearCookies();
    await page.goto('/#token=wrong');
    const why = page.getByRole('alert');
    await expect(why).toContainText(/token/i);
    await expect(page.locator('form')).toContainText('assay serve');
    await expect(page).toHaveURL('/');
    await page.getByLabel('Token').fill('wrong too');
    await page.getByRole('button', { name: 'Log in', exact: true }).click();
    await expect(why).toContainText(/token/i);
    await page.getByLabel('Token').fill(at.token);
    await page.getByRole('button', { name: 'Log in', exact: true }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Overview' })).toBeVisible();
  });

  test('the address that the server prints logs in and does not stay', async ({ page, place: at }) => {
    await page.context().clearCookies();
    await page.goto(`/runs#token=${at.token}`);
    await expect(page.getByRole('heading', { level: 1, name: 'Runs' })).toBeVisible();
    expect(page.url()).not.toContain(at.token);
    await page.getByRole('button', { name: /ann@example\.org/ }).click();
    await page.getByRole('menuitem', { name: 'Log out' }).click();
    await expect(page.getByLabel('Token')).toBeVisible();
  });
});

test.describe('what is not there', () => {
  test.use({ expected: /status of 404/ });

  test('a run, a case and a release that do not exist say what to do', async ({ page }) => {
    for (const [path, word] of [
      ['/runs/doesnotexist', 'doesnotexist'],
      ['/runs/latest/cases/doesnotexist', 'doesnotexist'],
      ['/releases/99', 'no release of that number'],
      ['/compare?candidate=doesnotexist&baseline=latest', 'doesnotexist'],
    ] as const) {
      await open(page, path);
      await expect(page.getByRole('alert')).toContainText(word);
    }
  });

  test('an address without a page leads back', async ({ page }) => {
    await open(page, '/no/such/page');
    await page.getByRole('link', { name: 'Back to the overview' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Overview' })).toBeVisible();
  });
});

test.describe('what is wrong', () => {
  test.use({ expected: /status of 4(22|00)/ });

  test('a query with a mistake says where', async ({ page }) => {
    await open(page, `/explore?sql=${encodeURIComponent('select nothing from nowhere')}`);
    await expect(page.getByRole('alert')).toContainText('nowhere');
  });
});

test.describe('a server that goes away', () => {
  test.use({ expected: /ERR_|status of 50|status of 401|Failed to fetch|dynamically imported/ });

  test('is told, with how to start it again', async ({ browser, place: at }) => {
    const server = await serve(at.workspace);
    const context = await browser.newContext({ baseURL: server.address });
    const page = await context.newPage();
    await page.goto(`/#token=${server.token}`);
    await expect(page.getByRole('heading', { level: 1, name: 'Overview' })).toBeVisible();
    await page.getByRole('link', { name: 'Runs', exact: true }).click();
    await expect(page.getByRole('table', { name: /^Runs/ })).toBeVisible();
    await server.stop();
    // What was there stays, and is said to be old.
    await expect(page.getByRole('alert')).toContainText('assay serve', { timeout: 20_000 });
    await expect(page.getByRole('table', { name: /^Runs/ })).toBeVisible();
    // A page that was not loaded before cannot be loaded now.
    await page.getByRole('link', { name: 'Explore' }).click();
    await expect(page.getByRole('alert').last()).toContainText('assay serve');
    await context.close();
  });
});
