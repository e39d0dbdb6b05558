import { readFileSync, writeFileSync } from 'node:fs';
import { assay, expect, newest, open, test, type Shown } from './browse';

test('a pack that was taken away holds; changed, or under another key, it does not', async ({
  page,
}, info) => {
  const run = await newest(page, 'docs-qa');
  await open(page, `/runs/${run.id}`);
  await page.getByRole('button', { name: 'Evidence' }).click();
  await page.getByRole('menuitem', { name: 'Take a pack away…' }).click();
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  const download = await coming;
  expect(download.suggestedFilename()).toBe(`docs-qa-${run.short}.assay-evidence`);
  const pack = info.outputPath('whole.assay-evidence');
  await download.saveAs(pack);

  await open(page, '/evidence');
  const check = async (file: string) => {
    await page.getByLabel('File').setInputFiles(file);
    await page.getByRole('button', { name: 'Check', exact: true }).click();
  };
  const result = page.getByRole('status');
  await check(pack);
  const { gate, totals } = assay<Shown>('show', run.id, '--json');
  await expect(result).toContainText('holds');
  await expect(result).toContainText(gate.verdict ?? 'no gate');
  await expect(result).toContainText(`${totals.ok} trials`);

  const bytes = readFileSync(pack);
  const at = bytes.indexOf('"value"') + 9;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  const changed = info.outputPath('changed.assay-evidence');
  writeFileSync(changed, bytes);
  await check(changed);
  await expect(result).toContainText('changed.assay-evidence does not hold');

  await page.getByLabel('another key').check();
  // Of RFC 8410, section 10.1.
  await page
    .getByLabel('Public key')
    .fill(
      '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n',
    );
  await check(pack);
  await expect(result).toContainText('whole.assay-evidence does not hold');
});
