import { expect, newest, open, test } from './browse';

/** The hostile answers of `workspace.sh`: nothing of them becomes an element, a title, a dialog (the guard looks) or a style. */
for (const [id, shown] of [
  ['script', "<script>document.title='taken';alert(1)</script>"],
  ['image', '<img src=x onerror="document.title=\'taken\'">'],
  ['link', '[click](javascript:alert(1))'],
  ['json', '<b><b><b>'],
] as const)
  test(`markup of the case ${id} is text`, async ({ page }) => {
    const run = await newest(page, 'hostile');
    await open(page, `/runs/${run.id}/cases/${id}`);
    const answer = page
      .locator('section.panel')
      .filter({ has: page.getByRole('heading', { name: 'recorded' }) });
    await expect(answer).toContainText(shown);
    const made = page.locator('main').locator('script, img, b, iframe, object, a[href^="javascript"]');
    await expect(made).toHaveCount(0);
    expect(await page.title()).toBe(`Case ${id} · Assay`);
  });

test('letters that turn or hide others are marks, codes for terminals are gone', async ({ page }) => {
  const run = await newest(page, 'hostile');
  await open(page, `/runs/${run.id}/cases`);
  const row = (id: string) =>
    page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: id }) });
  await expect(row('bidi').locator('.mark')).toHaveText(['RLO', 'LRI', 'PDI', 'LRI']);
  await expect(row('hidden').locator('.mark')).toHaveText(['ZWSP', 'WJ', 'BOM']);
  await expect(row('ansi')).toContainText('red');
  const said = await page.locator('main').innerText();
  // eslint-disable-next-line no-control-regex -- none of these may be left
  expect(said).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]/);
  await expect(page.locator('main').locator('script, img, b, iframe')).toHaveCount(0);
});

test('a line of a megabyte does not stop the page, and is there on demand', async ({ page }) => {
  const run = await newest(page, 'hostile');
  const began = Date.now();
  await open(page, `/runs/${run.id}/cases/long`);
  expect(Date.now() - began).toBeLessThan(5000);
  const answer = page
    .locator('section.panel')
    .filter({ has: page.getByRole('heading', { name: 'recorded' }) });
  const block = answer.locator('.text-block').first();
  expect((await block.innerText()).length).toBeLessThan(20_000);
  await answer.getByRole('button', { name: 'show all 1,000,000 characters' }).click();
  await expect(answer.getByRole('button', { name: 'show less' })).toBeVisible();
  expect(await block.evaluate(element => element.textContent?.length)).toBe(1_000_000);
});

test('a comparison shows what both sides said as text', async ({ page }) => {
  const run = await newest(page, 'hostile');
  await open(page, `/compare?candidate=${run.id}&baseline=${run.id}&change=all&scorer=icontains`);
  await expect(page.getByText("document.title='taken'").first()).toBeVisible();
  await expect(page.locator('main').locator('script, img, b, iframe')).toHaveCount(0);
});

test('an address may hold anything', async ({ page }) => {
  const word = '<img src=x onerror=alert(1)>';
  await open(page, `/runs?search=${encodeURIComponent(word)}`);
  await expect(page.getByRole('searchbox')).toHaveValue(word);
  await expect(page.getByText('No run matches')).toBeVisible();
  await expect(page.locator('main img')).toHaveCount(0);
});
