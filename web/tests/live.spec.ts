import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from './browse';
import { BINARY } from './place';
import { serve } from './serve';

const SUITE = `suite: slow
datasets: [{ path: cases.jsonl, fields: { id: id, input: [question], expected: expected } }]
target: { name: sleeper, command: [sh, answer.sh] }
scorers: [icontains]
`;

/** A workspace of its own: the run of this test would be in the way of the others. */
test('a run that goes on is seen, paused, resumed and cancelled while the page is open', async ({
  browser,
  place: at,
}) => {
  expect(at.address).toBeTruthy();
  const folder = mkdtempSync(path.join(tmpdir(), 'assay-e2e-live-'));
  const cases = Array.from({ length: 4_000 }, (_, n) =>
    JSON.stringify({ id: `c${n}`, question: 'Yes?', expected: 'yes' }),
  );
  writeFileSync(path.join(folder, 'cases.jsonl'), cases.join('\n'));
  writeFileSync(path.join(folder, 'answer.sh'), 'sleep 0.3; echo yes\n');
  writeFileSync(path.join(folder, 'slow.yaml'), SUITE);
  const workspace = path.join(folder, '.assay');
  const run = spawn(BINARY, ['run', 'slow.yaml', '--quiet'], {
    cwd: folder,
    env: { ...process.env, ASSAY_WORKSPACE: workspace },
    stdio: 'ignore',
  });
  const ended = once(run, 'exit');
  const context = await browser.newContext();
  try {
    const server = await serve(workspace);
    try {
      const page = await context.newPage();
      await page.goto(`${server.address}/runs#token=${server.token}`);
      const row = page.getByRole('table', { name: /^Runs/ }).locator('tbody tr');
      await expect(row).toContainText('running', { timeout: 30_000 });
      await row.getByRole('link').first().click();
      const bar = page.getByRole('progressbar', { name: 'Finished trials' });
      const finished = () => bar.evaluate(element => (element as HTMLProgressElement).value);
      await expect(bar).toBeVisible();
      const begun = await finished();
      await expect.poll(finished, { timeout: 30_000 }).toBeGreaterThan(begun);

      await page.getByRole('button', { name: 'Pause' }).click();
      await expect(page.getByText(/Paused: trials in flight end/)).toBeVisible();
      // What is in flight ends; from then on nothing moves.
      let still = -1;
      await expect
        .poll(
          async () => {
            const before = still;
            still = await finished();
            return before === still;
          },
          { intervals: [2_000], timeout: 40_000 },
        )
        .toBe(true);
      expect(run.exitCode).toBeNull();
      await page.screenshot({ path: 'test-results/pages/live-paused.png', fullPage: true });
      await page.getByRole('button', { name: 'Resume' }).click();
      await expect.poll(finished, { timeout: 30_000 }).toBeGreaterThan(still);
      await expect(page.getByText(/Paused/)).toBeHidden();

      await page.getByRole('button', { name: 'Cancel' }).click();
      await ended;
      await expect(page.locator('h1')).not.toContainText('running', { timeout: 30_000 });
      await expect(page.getByRole('button', { name: 'Cancel' })).toBeHidden();
    } finally {
      await server.stop();
    }
  } finally {
    run.kill();
    await ended;
    await context.close();
    rmSync(folder, { recursive: true });
  }
});
