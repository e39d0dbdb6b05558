import { count, duration, money, score, signed } from '../src/format/number';
import type { Release } from '../src/api/release';
import type { CompareAnswer, Overview } from '../src/api/types';
import { levelOf } from '../src/ui/level';
import { assay, expect, newest, open, test, type Shown } from './browse';

const interval = (of: { lower: number; upper: number } | null) =>
  of ? `${score(of.lower)} to ${score(of.upper)}` : '';

for (const suite of ['docs-qa', 'recorded', 'hostile', 'early', 'agent'])
  test(`the page of a run of ${suite} has the numbers of the command`, async ({ page }) => {
    const run = await newest(page, suite);
    const shown = assay<Shown>('show', run.id, '--json');
    await open(page, `/runs/${run.id}`);
    const rows = page.getByRole('table', { name: 'Scores with intervals' }).locator('tbody tr');
    await expect(rows).toHaveCount(shown.summary.rows.length);
    const said = (await rows.allInnerTexts()).map(text => text.replace(/\s+/g, ' '));
    // The rows of a scorer stand together.
    const scorers = [...new Set(shown.summary.rows.map(row => row.scorer))];
    const expected = scorers.flatMap(scorer => shown.summary.rows.filter(row => row.scorer === scorer));
    expected.forEach((row, index) => {
      expect(said[index]).toContain(row.target);
      expect(said[index]).toContain(score(row.estimate.value));
      expect(said[index]).toContain(interval(row.estimate.interval));
      expect(said[index]).toContain(count(row.scored));
      if (row.unscored) expect(said[index]).toContain(`${count(row.unscored)} unscored`);
      if (row.trial_errors) expect(said[index]).toContain(`${count(row.trial_errors)} error`);
    });
    await expect(
      page.getByRole('columnheader', { name: `${levelOf(shown.gate.confidence)} interval` }),
    ).toBeVisible();
    const { totals } = shown;
    await expect(page.locator('.page-head')).toContainText(
      `${count(totals.ok)} of ${count(run.planned)} trials ok`,
    );
    await expect(page.locator('.page-head')).toContainText(money(totals.target_cost + totals.judge_cost));
    const criteria = page.getByRole('table', { name: 'Criteria of the gate' }).locator('tbody tr');
    await expect(criteria).toHaveCount(shown.gate.criteria.length);
    for (const [index, criterion] of shown.gate.criteria.entries()) {
      await expect(criteria.nth(index)).toContainText(criterion.found);
      await expect(criteria.nth(index)).toContainText(criterion.verdict.kind);
    }
  });

test('a run that a look has ended says so', async ({ page }) => {
  const run = await newest(page, 'early');
  const shown = assay<Shown>('show', run.id, '--json');
  const look = shown.run.looks?.at(-1);
  expect(look?.decided).toBe(true);
  await open(page, `/runs/${run.id}`);
  await expect(page.getByText(`${look?.cases} of ${look?.of} cases decided the gate`)).toBeVisible();
});

test('the list has every run with its trials and what is missing', async ({ page }) => {
  await open(page, '/runs');
  const rows = page.getByRole('table', { name: /^Runs/ }).locator('tbody tr');
  const answer = await page.request.get('/api/v1/runs?limit=200');
  const { items } = (await answer.json()) as { items: { id: string; short: string }[] };
  await expect(rows).toHaveCount(items.length);
  for (const [index, { id, short }] of items.entries()) {
    const shown = assay<Shown>('show', id, '--json');
    const row = rows.nth(index);
    await expect(row).toContainText(short);
    await expect(row).toContainText(shown.run.suite);
    await expect(row).toContainText(shown.status);
    await expect(row).toContainText(count(shown.totals.ok));
    if (shown.totals.unscored) await expect(row).toContainText(`${count(shown.totals.unscored)} unscored`);
  }
});

test('the overview has the newest numbers of every suite', async ({ page }) => {
  await open(page, '/');
  const { suites } = (await (await page.request.get('/api/v1/overview')).json()) as Overview;
  // A test that imports runs may have added others.
  const known = ['agent', 'docs-qa', 'early', 'fresh', 'holdout', 'hostile', 'judged', 'recorded', 'support'];
  expect(suites.map(card => card.suite)).toEqual(expect.arrayContaining(known));
  for (const card of suites) {
    const shown = assay<Shown>('show', card.run.id, '--json');
    const panel = page
      .locator('section.panel')
      .filter({ has: page.getByRole('heading', { name: card.suite }) });
    const said = (await panel.innerText()).replace(/\s+/g, ' ');
    for (const row of shown.summary.rows)
      if (row.estimate.interval)
        expect(said).toContain(`${score(row.estimate.value)} ${interval(row.estimate.interval)}`);
    if (shown.gate.verdict) expect(said).toContain(shown.gate.verdict);
  }
});

test('a comparison has the differences, intervals and counts of the command', async ({ page }) => {
  const run = await newest(page, 'docs-qa');
  const found = assay<CompareAnswer['comparison']>('compare', `${run.id}:v2`, `${run.id}:v1`, '--json');
  await open(page, `/compare?candidate=${run.id}:v2&baseline=${run.id}:v1`);
  const rows = page.getByRole('table', { name: 'Paired differences' }).locator('tbody tr');
  await expect(rows).toHaveCount(found.rows.length);
  for (const [index, row] of found.rows.entries()) {
    const { difference } = row;
    await expect(rows.nth(index)).toContainText(row.scorer);
    await expect(rows.nth(index)).toContainText(signed(difference.value));
    if (difference.interval)
      await expect(rows.nth(index)).toContainText(
        `${signed(difference.interval.lower)} to ${signed(difference.interval.upper)}`,
      );
    await expect(rows.nth(index)).toContainText(
      `${count(difference.better)} / ${count(difference.same)} / ${count(difference.worse)}`,
    );
  }
  await expect(page.getByText(`${count(found.matched)} cases paired`)).toBeVisible();
});

test('a case has its answers and scores', async ({ page }) => {
  const run = await newest(page, 'docs-qa');
  const shown = assay<{ case?: unknown; trials: { target: string; output: string }[] }>(
    'show',
    run.id,
    'q03',
    '--json',
  );
  await open(page, `/runs/${run.id}/cases/q03`);
  for (const trial of shown.trials) {
    const panel = page
      .locator('section.panel')
      .filter({ has: page.getByRole('heading', { name: trial.target }) });
    await expect(panel).toContainText(trial.output.slice(0, 60).trim());
  }
});

test('spending and latency are those of the trials', async ({ page }) => {
  const run = await newest(page, 'docs-qa');
  const shown = assay<Shown>('show', run.id, '--json');
  await open(page, `/runs/${run.id}/costs`);
  for (const spend of shown.totals.spends) {
    const row = page.getByRole('table', { name: 'Spending' }).getByRole('row', { name: spend.name });
    await expect(row).toContainText(count(spend.calls));
    await expect(row).toContainText(duration(spend.busy_us));
  }
});

test('a query answers what the command answers', async ({ page }) => {
  const sql =
    'select target, count(*) as n, sum(latency_us) as us from trials group by target order by target';
  const { columns, rows } = (await (
    await page.request.post('/api/v1/query', { data: { sql, limit: 100 } })
  ).json()) as { columns: { name: string }[]; rows: unknown[][] };
  await open(page, `/explore?sql=${encodeURIComponent(sql)}`);
  const table = page.getByRole('table', { name: 'Result' });
  await expect(table.locator('thead th')).toHaveText(columns.map(column => column.name));
  const lines = table.locator('tbody tr');
  await expect(lines).toHaveCount(rows.length);
  for (const [index, row] of rows.entries())
    await expect(lines.nth(index).locator('th, td')).toHaveText(row.map(String));
});

test('a release says what holds it up', async ({ page }) => {
  const shown = assay<Release>('release', 'show', '1', '--json');
  await open(page, '/releases');
  const row = page
    .getByRole('table', { name: 'Releases' })
    .locator('tbody tr')
    .filter({ hasText: 'A better search' });
  await expect(row).toContainText(shown.stand.replaceAll('_', ' '));
  await row.getByRole('link').click();
  await expect(page).toHaveURL(/\/releases\/1$/);
  for (const verdict of shown.evaluation?.verdicts ?? [])
    for (const finding of verdict.findings)
      await expect(page.getByRole('table', { name: `Rules of ${verdict.requirement}` })).toContainText(
        finding.found.replaceAll('`', ''),
      );
  const blocks = page
    .locator('section.panel')
    .filter({ has: page.getByRole('heading', { name: 'What holds it up' }) });
  await expect(blocks.getByRole('listitem')).toHaveCount(shown.blocks.length);
});
