import type { Page } from '@playwright/test';
import type { Release } from '../src/api/release';
import { assay, expect, open, test } from './browse';

const show = (number: number) => assay<Release>('release', 'show', String(number), '--json');
const dialog = (page: Page) => page.getByRole('dialog');

/** Opens the dialog of an act, says why, and does it. */
async function act(page: Page, name: string, why: string) {
  await page
    .getByRole('button', { name: `${name}…`, exact: true })
    .first()
    .click();
  await dialog(page).getByLabel('Why').fill(why);
  await dialog(page).getByRole('button', { name, exact: true }).click();
}

test.describe('what is refused', () => {
  test.use({ expected: /status of 4(09|22)/ });

  test('a release is evaluated, approved, shipped step by step and taken back', async ({ page }) => {
    await open(page, '/releases/3');
    await expect(page.getByText('Not evaluated yet')).toBeVisible();
    await page.getByRole('button', { name: 'Evaluate…' }).click();
    await dialog(page).getByRole('button', { name: 'Evaluate', exact: true }).click();
    const rules = page.getByRole('table', { name: 'Rules of docs-qa' });
    await expect(rules).toBeVisible();
    const [verdict] = show(3).evaluation?.verdicts ?? [];
    await expect(rules).toContainText(verdict?.findings[0]?.found ?? 'nothing was found');
    await expect(page.getByText('0 of 1 people agree')).toBeVisible();

    await act(page, 'Approve', 'found as hoped');
    await expect(page.getByText('✓ nothing')).toBeVisible();
    expect(show(3).approvers).toEqual(['ann@example.org']);

    await act(page, 'Ship', 'few first');
    await expect(page.getByRole('listitem').filter({ hasText: 'canary' })).toContainText('✓ out');
    expect(show(3).stand).toBe('rolling_out');

    await act(page, 'Ship', 'all at once');
    await expect(dialog(page).getByRole('alert')).toContainText('needs 24 hours of the one before');
    expect(show(3).log.filter(({ entry }) => entry.event === 'shipped')).toHaveLength(1);
    await dialog(page).getByRole('button', { name: 'Cancel' }).click();

    await act(page, 'Roll back', 'complaints');
    await expect(page.getByText('It was rolled back: a new release')).toBeVisible();
    for (const name of ['Evaluate…', 'Approve…', 'Ship…', 'Roll back…'])
      await expect(page.getByRole('button', { name })).toHaveCount(0);
    await expect(page.getByRole('table', { name: 'Log of the release' })).toContainText('complaints');
  });

  test('who acts on a release that others have acted on meanwhile is told, and nothing is done', async ({
    page,
  }) => {
    await open(page, '/releases/4');
    assay('release', 'reject', '4', '--as', 'ben@example.org', '--reason', 'not yet', '--json');
    await act(page, 'Approve', 'fine');
    await expect(dialog(page).getByRole('alert')).toContainText('The release has moved on');
    expect(show(4).approvers).toEqual([]);
    await dialog(page).getByRole('button', { name: 'Look at it as it is now' }).click();
    await expect(dialog(page)).toBeHidden();
    await expect(page.getByText('ben@example.org rejected it: not yet')).toBeVisible();
  });

  test('a release is opened by the form and nothing typed is lost when it is refused', async ({ page }) => {
    await open(page, '/releases');
    await page.getByRole('button', { name: 'Open a release…' }).click();
    await dialog(page).getByLabel('What changes').fill('Shorter <b>prompts</b>');
    await dialog(page).getByLabel('Policy', { exact: true }).fill('no-such');
    await dialog(page).getByLabel('prompt').check();
    await dialog(page).getByLabel('Risk').selectOption('low');
    const submit = dialog(page).getByRole('button', { name: 'Open', exact: true });
    await submit.click();
    await expect(dialog(page).getByRole('alert')).toContainText('no-such');
    await expect(dialog(page).getByLabel('What changes')).toHaveValue('Shorter <b>prompts</b>');
    await dialog(page).getByLabel('Policy', { exact: true }).fill('chat');
    await submit.click();
    await expect(page.getByRole('heading', { level: 1 })).toContainText('Shorter <b>prompts</b>');
    const number = Number(new URL(page.url()).pathname.split('/').at(-1));
    const { opened } = show(number);
    expect([opened.policy_name, opened.changes, opened.risk]).toEqual(['chat', ['prompt'], 'low']);
  });
});

test('an author is not offered to agree to their own change, and is told who can', async ({ page }) => {
  await open(page, '/releases/2');
  await expect(page.getByRole('button', { name: 'Evaluate…' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Approve…' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Waive…' })).toHaveCount(0);
  await expect(page.getByText('You are an author of the change')).toBeVisible();
  await expect(page.getByText('document:privacy', { exact: true })).toBeVisible();
});

test('the memo is a page that can do nothing', async ({ page }) => {
  await open(page, '/releases/2');
  const href = await page.getByRole('link', { name: 'Memo' }).getAttribute('href');
  const memo = await page.request.get(href ?? '');
  expect(memo.headers()['content-security-policy']).toContain('sandbox');
  expect(await memo.text()).toContain('A new prompt for the desk');
});
