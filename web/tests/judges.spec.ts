import type { Certificate, Probed } from '../src/api/judges';
import { percent, score, signed } from '../src/format/number';
import { assay, expect, open, test } from './browse';

interface Reported {
  certificate: Certificate;
  standing: { grade: string; missing: string[] };
}

test('judges are listed with what each may be used for', async ({ page }) => {
  const { standing, certificate } = assay<Reported>('judge', 'report', 'good', '--json');
  await open(page, '/judges');
  const table = page.getByRole('table', { name: 'Judges' });
  const row = table.getByRole('row', { name: /^good/ });
  await expect(row).toContainText(`grade ${standing.grade}`);
  await expect(row).toContainText(String(certificate.labels));
  await expect(row).toContainText('as calibrated');
  await expect(table.getByRole('row', { name: /^brief/ })).toContainText('grade U');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/judges\/[0-9a-f]{64}$/);
});

test('a certificate has the figures of the command, each with its interval', async ({ page }) => {
  const { certificate, standing } = assay<Reported>('judge', 'report', 'good', '--json');
  await open(page, '/judges/good');
  for (const figure of certificate.figures) {
    const number = /^(bias|differential|below_people)/.test(figure.key) ? signed : score;
    const row = page.getByRole('row').filter({ has: page.getByText(figure.name, { exact: true }) });
    await expect(row).toContainText(number(figure.value));
    if (figure.interval)
      await expect(row).toContainText(`${number(figure.interval.lower)} to ${number(figure.interval.upper)}`);
  }
  const verdicts = page.getByRole('table', { name: "People's verdicts and the judge's" });
  for (const cell of (certificate.confusion ?? []).flat()) {
    await expect(verdicts).toContainText(percent(cell.value ?? Number.NaN));
    await expect(verdicts).toContainText(`n = ${cell.key}`);
  }
  for (const what of standing.missing) await expect(page.getByText(what)).toBeVisible();
  await expect(page.getByText('assay judge calibrate good --next next.jsonl')).toBeVisible();
  await expect(page.getByRole('table', { name: 'Checks, newest first' })).toContainText('0 of 50');
});

test('probes are those of the command', async ({ page }) => {
  const { probes } = assay<Probed>('judge', 'probe', 'good', '--json');
  await open(page, '/judges/good');
  const table = page.getByRole('table', { name: 'Bias probes' });
  await expect(table.locator('tbody tr')).toHaveCount(probes.length);
  for (const probe of probes)
    await expect(table.getByRole('row').filter({ hasText: probe.what })).toContainText(signed(probe.value));
});

test('a judge without labels says what to do next', async ({ page }) => {
  await open(page, '/judges/brief');
  await expect(page.getByText('a calibration')).toBeVisible();
  await expect(page.getByText('assay judge calibrate brief --next next.jsonl').first()).toBeVisible();
  await expect(page.getByText('No verdict is frozen')).toBeVisible();
});
