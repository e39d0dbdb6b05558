import { expect, newest, open, test } from './browse';

test('a conversation has its roles, its tool calls with arguments, and is closed where it is long', async ({
  page,
}) => {
  const run = await newest(page, 'agent');
  await open(page, `/runs/${run.id}/cases/refund`);
  const input = page.locator('section.panel').filter({ has: page.getByRole('heading', { name: 'Input' }) });
  await expect(input.locator('.role')).toHaveText(['system', 'user', 'assistant', 'tool find_order', 'user']);
  const long = input.locator('details');
  await expect(long).toHaveCount(1);
  await expect(long.locator('.text-block')).toBeHidden();
  await long.locator('summary').click();
  await expect(long.locator('.text-block')).toBeVisible();
  await expect(input.getByRole('list', { name: 'Tool calls' })).toContainText('"number": "4417"');
  const made = page
    .locator('section.panel')
    .filter({ has: page.getByRole('heading', { name: 'shop' }) })
    .getByRole('list', { name: 'Tool calls' });
  await expect(made.getByText('✓ expected')).toHaveCount(2);
});

test('a call that was not expected is marked, and what the agent said stays text', async ({ page }) => {
  const run = await newest(page, 'agent');
  await open(page, `/runs/${run.id}/cases/hours`);
  const answer = page.locator('section.panel').filter({ has: page.getByRole('heading', { name: 'shop' }) });
  await expect(answer).toContainText('<b>From nine to five</b>, and <script>alert(1)</script> on Sundays.');
  await expect(page.locator('main').locator('script, b')).toHaveCount(0);
});

test('what differs from the expected output is marked, and the mark is in the address', async ({ page }) => {
  const run = await newest(page, 'docs-qa');
  await open(page, `/runs/${run.id}/cases/q03`);
  await page.getByLabel('mark what differs from the expected').click();
  await expect(page).toHaveURL(/diff=expected/);
  await expect(page.locator('del').first()).toBeVisible();
  await expect(page.locator('ins').first()).toBeVisible();
  await page.reload();
  await expect(page.locator('del').first()).toBeVisible();
});
