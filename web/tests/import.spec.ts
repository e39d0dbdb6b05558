import { execFileSync } from 'node:child_process';
import type { Page } from '@playwright/test';
import type { Case } from '../src/api/datasets';
import { expect, open, ready, test } from './browse';
import { looks } from './looks';
import { BINARY, place } from './place';

/** The cases of a dataset, as the command says them. */
const casesOf = (name: string) =>
  execFileSync(BINARY, ['dataset', 'show', name, '--cases', '500', '--json'], {
    env: { ...process.env, ASSAY_WORKSPACE: place().workspace, ASSAY_USER: 'ann@example.org' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
    .toString()
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as Case);

const file = (name: string, text: string) => ({ name, mimeType: '', buffer: Buffer.from(text) });
const TICKETS = `number,text,right,kind,mail,remarks
1,"Where is my order, please?",on its way,delivery,ann@example.org,"said ""twice"""
2,"May I have
my money back?",yes,refunds,ben@example.org,
3,Are you open?,no,hours,cem@example.org,
`;

async function ask(page: Page, from = '/datasets') {
  await open(page, from);
  await page.getByRole('button', { name: /^Import/ }).click();
  return page.getByRole('dialog');
}
const send = (page: Page) =>
  page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true }).click();

test('a table is imported with the roles that were chosen, and leads on', async ({ page }) => {
  const dialog = await ask(page);
  await dialog.getByLabel('File', { exact: true }).setInputFiles(file('Tickets of May.csv', TICKETS));
  await expect(dialog.getByLabel('Name of the dataset')).toHaveValue('Tickets-of-May');
  const columns = dialog.getByRole('table', { name: 'What each column is' });
  await expect(columns.getByRole('row').nth(2)).toContainText('Where is my order');
  await dialog.getByLabel('What number is').selectOption('id');
  await dialog.getByLabel('What right is').selectOption('expected');
  await dialog.getByLabel('What kind is').selectOption('metadata');
  await dialog.getByLabel('What remarks is').selectOption('none');
  await dialog.getByLabel(/^Take personal data/).check();
  await dialog.getByLabel('Tag (optional)').fill('first');
  await dialog.getByLabel('Note (optional)').fill('from the help desk');
  await send(page);
  await expect(dialog.getByRole('status')).toContainText('Tickets-of-May@1 has 3 cases');
  await expect(dialog.getByText('email')).toBeVisible();
  await expect(dialog.getByText('datasets: [{ dataset: Tickets-of-May@1 }]')).toBeVisible();
  const cases = casesOf('Tickets-of-May');
  expect(cases.map(({ id, expected, metadata }) => [id, expected, metadata])).toEqual([
    ['1', 'on its way', { kind: 'delivery' }],
    ['2', 'yes', { kind: 'refunds' }],
    ['3', 'no', { kind: 'hours' }],
  ]);
  expect(Object.keys(cases[0]?.inputs ?? {}).sort()).toEqual(['mail', 'text']);
  expect(cases[1]?.inputs.text).toBe('May I have\nmy money back?');
  expect(JSON.stringify(cases)).not.toContain('example.org');
  await dialog.getByRole('link', { name: 'Tickets-of-May@1' }).click();
  await ready(page);
  await expect(page.getByRole('table', { name: 'Cases' }).getByRole('rowheader')).toHaveCount(3);

  // The same again is the same version; another is the next one.
  await ask(page, '/datasets/Tickets-of-May');
  await expect(dialog.getByLabel('Name of the dataset')).toHaveCount(0);
  await dialog
    .getByLabel('File', { exact: true })
    .setInputFiles(file('more.jsonl', '{"id":"9","text":"Hello?","mail":"x"}\n'));
  await send(page);
  await expect(dialog.getByRole('status')).toContainText('Tickets-of-May@2 has 1 case');
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('table', { name: 'Versions' })).toContainText('@2');
  await ask(page, '/datasets/Tickets-of-May');
  await dialog
    .getByLabel('File', { exact: true })
    .setInputFiles(file('more.jsonl', '{"id":"9","text":"Hello?","mail":"x"}\n'));
  await send(page);
  await expect(dialog.getByRole('heading', { name: 'Nothing has changed' })).toBeVisible();
});

test('what another tool wrote becomes cases and a run of its answers', async ({ page }) => {
  const results = {
    version: 3,
    prompts: [{ raw: '{{q}}', label: 'p', provider: 'echo' }],
    results: [
      {
        ...{ promptIdx: 0, testIdx: 0, success: true, score: 1, latencyMs: 5, cost: 0 },
        ...{ vars: { q: 'hello' }, prompt: { raw: 'hello', label: 'p' }, provider: { id: 'echo' } },
        response: { output: 'hello' },
        testCase: { vars: { q: 'hello' }, assert: [{ type: 'equals', value: 'hello' }] },
        gradingResult: {
          ...{ pass: true, score: 1, reason: 'ok' },
          componentResults: [
            { pass: true, score: 1, reason: 'ok', assertion: { type: 'equals', value: 'hello' } },
          ],
        },
      },
    ],
  };
  const dialog = await ask(page);
  await dialog
    .getByLabel('File', { exact: true })
    .setInputFiles(file('echo.json', JSON.stringify({ evalId: 'e', results, config: {} })));
  await dialog.getByLabel('What it is').selectOption('auto');
  await expect(dialog.getByRole('group', { name: 'Its first lines' })).toContainText('evalId');
  await send(page);
  await expect(dialog.getByRole('status')).toContainText('It was written by promptfoo');
  await dialog.getByRole('link', { name: 'a run of its own' }).click();
  await ready(page);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('sealed');
});

test('a file is dropped, shown and may be stopped on its way', async ({ page }) => {
  const dialog = await ask(page);
  const dropped = await page.evaluateHandle(text => {
    const data = new DataTransfer();
    data.items.add(new File([text], 'dropped.csv'));
    return data;
  }, TICKETS);
  await dialog.locator('.drop').dispatchEvent('drop', { dataTransfer: dropped });
  await expect(dialog.getByLabel('Name of the dataset')).toHaveValue('dropped');
  await page.route('**/import?*', () => undefined);
  await send(page);
  await expect(dialog.getByRole('status')).toContainText('sent');
  await dialog.getByRole('button', { name: 'Stop' }).click();
  await expect(dialog.getByRole('alert')).toContainText('nothing is stored');
  await expect(dialog.getByLabel('Name of the dataset')).toHaveValue('dropped');
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test('both dialogs can be read by everybody', async ({ page }) => {
  const dialog = await ask(page);
  await dialog.getByLabel('File', { exact: true }).setInputFiles(file('tickets.csv', TICKETS));
  const shown = () => expect(dialog.getByRole('table')).toBeVisible();
  await looks(page, 'datasets-import', shown);
  await dialog.getByLabel('What it is').selectOption('promptfoo');
  await looks(page, 'datasets-import-tool', () => expect(dialog.getByText('Only the cases')).toBeVisible());
});

test.describe('what is wrong', () => {
  test.use({ expected: /status of 4(22|00|13|15)/ });

  test('names the file, the line and the fix, keeps the form and stores nothing', async ({ page }) => {
    const dialog = await ask(page);
    const alert = dialog.getByRole('alert');
    // A column that only the server can look for.
    await dialog
      .getByLabel('File', { exact: true })
      .setInputFiles(file('odd.yaml', '- {question: a, answer: b}\n'));
    await dialog.getByLabel('expected (optional)').fill('anser');
    await send(page);
    await expect(alert).toContainText('odd.yaml');
    await expect(alert).toContainText('there is no column anser');
    await expect(alert).toContainText('did you mean answer?');
    await expect(alert).not.toContainText('/');
    await expect(dialog.getByLabel('expected (optional)')).toHaveValue('anser');
    // A line that is no case: the page sees it, and the server says it.
    await dialog
      .getByLabel('File', { exact: true })
      .setInputFiles(file('odd.jsonl', '{"question":"a"}\n{"question":\n'));
    await expect(dialog.getByText(/^Line 2: /)).toBeVisible();
    await send(page);
    await expect(alert).toContainText('odd.jsonl:2');
    // Two cases of one id.
    await dialog
      .getByLabel('File', { exact: true })
      .setInputFiles(file('odd.csv', 'id,question\n1,a\n1,b\n'));
    await send(page);
    await expect(alert).toContainText('odd.csv');
    // A file that says nothing of itself.
    await dialog.getByLabel('File', { exact: true }).setInputFiles(file('odd.jsonl', ''));
    await expect(dialog.getByText('The file is empty.')).toBeVisible();
    await send(page);
    await expect(alert).toBeVisible();
    // What is no form of that tool.
    await dialog.getByLabel('File', { exact: true }).setInputFiles(file('odd.csv', TICKETS));
    await dialog.getByLabel('What it is').selectOption('inspect');
    await send(page);
    await expect(alert).toContainText('odd.csv');
    await expect(alert).not.toContainText('/tmp');
    expect((await page.request.get('/api/v1/datasets/odd')).status()).toBe(404);
  });

  test('every column left out is refused before anything is sent', async ({ page }) => {
    const dialog = await ask(page);
    await dialog.getByLabel('File', { exact: true }).setInputFiles(file('one.csv', 'question\na\n'));
    await dialog.getByLabel('What question is').selectOption('metadata');
    await expect(dialog.getByText('At least one column is an input.')).toBeVisible();
    await send(page);
    await expect(dialog.getByRole('alert')).toContainText('At least one column is an input.');
  });

  test('names of files and columns are text, and lead nowhere', async ({ page }) => {
    const dialog = await ask(page);
    const name = '..\\..\\<img src=x onerror="document.title=1">\u202egnp.csv';
    await dialog
      .getByLabel('File', { exact: true })
      .setInputFiles(file(name, '<b>id</b>\u202e,question\n<script>1</script>,"=HYPERLINK(""x"")"\n'));
    await expect(dialog.locator('.mark').first()).toHaveText('RLO');
    await expect(dialog.getByRole('table')).toContainText('<script>1</script>');
    await expect(dialog.locator('img, b, script')).toHaveCount(0);
    await dialog.getByLabel('Name of the dataset').fill('../../evil');
    await send(page);
    // The browser does not even ask.
    await expect(dialog.getByRole('alert')).toHaveCount(0);
    expect(
      await dialog.getByLabel('Name of the dataset').evaluate((e: HTMLInputElement) => e.validity.valid),
    ).toBe(false);
    await dialog.getByLabel('Name of the dataset').fill('hostile-file');
    await send(page);
    await expect(dialog.getByRole('status')).toContainText('hostile-file@1 has 1 case');
    await dialog.getByRole('link', { name: 'hostile-file@1' }).click();
    await ready(page);
    await expect(page.locator('main').locator('img, b, script')).toHaveCount(0);
    await open(page, '/datasets/hostile-file');
    await expect(page.getByRole('table', { name: 'Versions' })).not.toContainText('..\\');
    await expect(page.locator('main').locator('img, b, script')).toHaveCount(0);
  });
});
