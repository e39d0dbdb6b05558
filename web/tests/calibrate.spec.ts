import type { Page } from '@playwright/test';
import { expect, open, ready, test } from './browse';
import { looks } from './looks';

const file = (name: string, text: string) => ({ name, mimeType: '', buffer: Buffer.from(text) });
const labels = (from: number, to: number, change: (n: number) => object = () => ({})) =>
  Array.from({ length: to - from }, (_, i) => from + i)
    .map(n =>
      JSON.stringify({
        ...{ case: `j${String(n).padStart(3, '0')}`, target: 'base', label: n % 3 !== 0, rater: 'ben' },
        ...{ drawn: 'random', ...change(n) },
      }),
    )
    .join('\n');

/** Nobody has labelled `brief` and `fresh`, and `brief` stays so. */
async function ask(page: Page, judge: 'brief' | 'fresh') {
  await open(page, `/judges/${judge}`);
  await page.getByRole('button', { name: 'Calibrate…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('in a file of labels').check();
  return dialog;
}
const act = (page: Page) =>
  page.getByRole('dialog').getByRole('button', { name: 'Calibrate', exact: true }).click();

test.describe('what is wrong', () => {
  test.use({ expected: /status of 4(22|00|04|09)/ });

  test('names every line, keeps the form and stores nothing', async ({ page }) => {
    const dialog = await ask(page, 'brief');
    const alert = dialog.getByRole('alert');
    const field = dialog.getByLabel('Labels', { exact: true });
    await expect(dialog.getByLabel('in the labels that are stored (0)')).toBeDisabled();
    // Lines that are no labels, seen here and by the server.
    await field.setInputFiles(
      file('odd.jsonl', `${labels(0, 2)}\n{"case":"j005"}\n{"label":true}\nnot json\n`),
    );
    await expect(dialog.getByText(/^Line 5: /)).toBeVisible();
    await act(page);
    for (const line of [3, 4, 5]) await expect(alert).toContainText(`odd.jsonl:${line}`);
    await expect(alert).toContainText('nothing was stored');
    // A case that no run has.
    await field.setInputFiles(
      file(
        'odd.jsonl',
        labels(0, 12, n => (n === 7 ? { case: 'nowhere' } : {})),
      ),
    );
    await act(page);
    await expect(alert).toContainText('odd.jsonl:8');
    await expect(alert).toContainText('nowhere');
    // Columns that are no labels'.
    await field.setInputFiles(file('odd.csv', 'id,said\n1,yes\n'));
    await expect(dialog.getByText('There is no column label, and none item or case.')).toBeVisible();
    await act(page);
    await expect(alert).toContainText('odd.csv');
    // A word that nobody said the meaning of.
    await field.setInputFiles(
      file(
        'odd.jsonl',
        labels(0, 12, () => ({ label: 'splendid' })),
      ),
    );
    await act(page);
    await expect(alert).toContainText('splendid');
    await expect(page.getByText('0 labels are stored')).toBeVisible();
  });

  test('a project whose answers no run has says so', async ({ page }) => {
    await open(page, '/review/support/report');
    await page.getByRole('button', { name: 'Calibrate a judge…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Judge').selectOption({ label: 'brief, in judged, grade U' });
    await dialog.getByLabel('Question', { exact: true }).selectOption('tone');
    await dialog.getByLabel('plain').check();
    await act(page);
    await expect(dialog.getByRole('alert')).toBeVisible();
    await expect(dialog.getByLabel('plain')).toBeChecked();
  });
});

test('a file of labels makes a certificate, which the page shows', async ({ page }) => {
  const dialog = await ask(page, 'fresh');
  await dialog.getByLabel('Labels', { exact: true }).setInputFiles(
    file(
      'labels.jsonl',
      labels(0, 40, n => ({ label: n % 3 ? 'fine' : 'poor' })),
    ),
  );
  await expect(dialog.getByRole('table', { name: 'First labels' })).toContainText('j004');
  await dialog.getByLabel(/^Labels that mean a pass/).fill('fine');
  await act(page);
  await expect(dialog.getByRole('heading', { name: 'Compared with people' })).toBeVisible();
  await expect(dialog).toContainText('40 new');
  await expect(dialog).toContainText('40 drawn by chance');
  await dialog.getByRole('button', { name: 'See the certificate' }).click();
  await ready(page);
  await expect(page.getByRole('table', { name: 'Agreement with people' })).toBeVisible();

  // The same labels once more, from what is stored: nothing new.
  await page.getByRole('button', { name: 'Calibrate…' }).click();
  await dialog.getByLabel('in the labels that are stored (40)').check();
  await act(page);
  await expect(dialog).toContainText('0 new');
});

test('the dialog can be read by everybody', async ({ page }) => {
  await open(page, '/judges/good');
  await page.getByRole('button', { name: 'Calibrate…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Project', { exact: true }).selectOption('support');
  await dialog.getByLabel('Question', { exact: true }).selectOption('helpful');
  await dialog.getByText('Rules and level').click();
  await looks(page, 'judge-calibrate', () => expect(dialog.getByLabel('3 fully')).toBeVisible());
  await dialog.getByLabel('in a file of labels').check();
  await dialog.getByLabel('Labels', { exact: true }).setInputFiles(file('labels.jsonl', labels(0, 9)));
  await looks(page, 'judge-calibrate-file', () => expect(dialog.getByRole('table')).toBeVisible());
});
