import type { Page } from '@playwright/test';
import type { NextTask, Rated, ReviewReport, ReviewTask } from '../src/api/review';
import { percent, score } from '../src/format/number';
import { assay, expect, open, ready, test } from './browse';

/** One rater at one queue: what a test does is what the next one finds. */
test.describe.configure({ mode: 'serial' });

const press = async (page: Page, ...keys: string[]) => {
  for (const key of keys) await page.keyboard.press(key);
};
const item = (page: Page) => page.getByRole('heading', { level: 2, name: /^Item \d+ of \d+$/ });
const rated = (page: Page) => page.waitForResponse(answer => answer.url().endsWith('/ratings'));

/** Opens a project and goes on where the rater was. */
async function sit(page: Page, project: string): Promise<void> {
  await open(page, `/review/${project}`);
  await expect(page.getByRole('button', { name: /^(Join|Go on)/ })).toBeVisible();
  await press(page, 'Enter');
}

test('a rater goes through training and quiz to the queue with the keys alone', async ({ page }) => {
  await open(page, '/review');
  await page.getByRole('link', { name: 'support' }).focus();
  await press(page, 'Enter');
  await ready(page);
  await expect(page.getByRole('heading', { name: 'Instructions' })).toBeVisible();
  await expect(page.getByText('It is Canberra.')).toBeVisible();
  await press(page, 'Enter');

  await expect(page.getByRole('heading', { name: 'Training 1 of 1' })).toBeFocused();
  await press(page, 'n', '3', '1', 'Enter');
  await expect(page.getByText('right is: yes')).toBeVisible();
  await expect(page.getByText('It answers in full.')).toBeVisible();
  await press(page, 'Enter');

  await expect(page.getByRole('heading', { name: 'Quiz 1 of 2' })).toBeFocused();
  await press(page, 'y', 'Enter');
  await expect(page.getByRole('heading', { name: 'Quiz 2 of 2' })).toBeFocused();
  await press(page, 'y', 'Enter');
  await expect(page.getByText('1 of 2 items were right; 100% are needed.')).toBeVisible();
  await press(page, 'Enter');
  await expect(page.getByRole('heading', { name: 'Instructions' })).toBeVisible();
  await press(page, 'Enter');

  const quiz = page.getByRole('heading', { name: 'Quiz 1 of 2' });
  const training = page.getByRole('heading', { name: 'Training 1 of 1' });
  await expect(quiz.or(training)).toBeVisible();
  if (await training.isVisible()) await page.getByRole('button', { name: 'Leave the training' }).click();
  await expect(page.getByText('2 attempts left')).toBeVisible();
  await press(page, 'n', 'Enter');
  await expect(page.getByRole('heading', { name: 'Quiz 2 of 2' })).toBeFocused();
  await press(page, 'y', 'Enter');
  await expect(page.getByRole('heading', { name: 'Quiz passed' })).toBeVisible();
  await press(page, 'Enter');
  await expect(item(page)).toBeFocused();
});

test('what was begun is there again after the page was closed, and undo brings an answer back', async ({
  page,
}) => {
  await sit(page, 'support');
  await expect(item(page)).toBeFocused();
  const first = await item(page).innerText();
  await press(page, 'n', '2');
  await expect(page.getByText('draft kept')).toBeVisible();
  await sit(page, 'support');
  await expect(page.getByRole('radio', { name: 'no', exact: true })).toBeChecked();
  await expect(page.getByRole('radio', { name: 'in part' })).toBeChecked();

  // Not everything is answered: the first open question is told and has the keys.
  await press(page, 'Enter');
  await expect(page.getByText('Still open: How does it sound?')).toBeVisible();
  await press(page, '1');
  const answer = rated(page);
  await press(page, 'Enter');
  const sent = (await answer).request().postDataJSON() as { answers: object; ms: number };
  expect(sent.answers).toEqual({ correct: false, helpful: 2, tone: 'plain', invented: [] });
  expect(sent.ms).toBeGreaterThan(0);
  await expect(item(page)).not.toHaveText(first);
  await expect(item(page)).toBeFocused();

  await press(page, 'u');
  await expect(item(page)).toHaveText(first);
  await expect(page.getByRole('radio', { name: 'in part' })).toBeChecked();
  await press(page, 'ArrowDown', 'ArrowRight');
  await expect(page.getByRole('radio', { name: 'fully' })).toBeChecked();
  const again = rated(page);
  await press(page, 'Enter');
  expect(((await again).request().postDataJSON() as { answers: object }).answers).toMatchObject({
    helpful: 3,
  });
  await expect(item(page)).not.toHaveText(first);
});

test('words are marked with the keys and with the mouse, behind an emoji too', async ({ page }) => {
  const next = page.waitForResponse(answer => answer.url().endsWith('/next'));
  await sit(page, 'support');
  const { task } = (await (await next).json()) as { task: ReviewTask };
  await expect(item(page)).toBeFocused();
  await press(page, 'm', 'End', 'Shift+ArrowLeft', '1');
  const marked = page.getByRole('list', { name: 'Marked' }).getByRole('listitem');
  await expect(marked).toHaveCount(1);
  await page
    .getByRole('textbox', { name: 'Answer' })
    .getByText('Ticket')
    .first()
    .dblclick({ position: { x: 5, y: 5 } });
  await page.getByRole('button', { name: 'contradicts' }).click();
  await expect(marked).toHaveCount(2);
  await expect(page.getByText('draft kept')).toBeVisible();
  await press(page, 'y', '3', '1');
  const answer = rated(page);
  await page.getByRole('button', { name: 'Submit' }).click();
  const kept = await answer;
  expect(kept.status()).toBe(200);
  const { answers } = kept.request().postDataJSON() as {
    answers: { invented: { start: number; end: number; text: string; label: string }[] };
  };
  expect(answers.invented.map(({ text, label }) => [text, label])).toEqual([
    ['Ticket', 'contradicts'],
    [task.content.output.split(' ').slice(-2).join(' '), 'made up'],
  ]);
  for (const { start, end, text } of answers.invented)
    expect([...task.content.output].slice(start, end).join('')).toBe(text);
});

test.describe('conflicts', () => {
  test.use({ expected: /409|Failed to load resource/ });

  test('an item that was answered in another window is given up with a next step', async ({
    page,
    context,
  }) => {
    await sit(page, 'support');
    await expect(item(page)).toBeFocused();
    const other = await context.newPage();
    await sit(other, 'support');
    await expect(item(other)).toBeFocused();
    await press(other, 'y', '3', '1', 'Enter');
    await expect(item(other)).not.toHaveText(await item(page).innerText());
    await other.close();
    await press(page, 'n', '1', '2', 'Enter');
    await expect(page.getByRole('heading', { name: 'This item is not with you any more' })).toBeVisible();
    await press(page, 'Enter');
    await expect(item(page)).toBeFocused();
  });

  test('a server that is away loses nothing', async ({ page }) => {
    await sit(page, 'support');
    await expect(item(page)).toBeFocused();
    const before = await item(page).innerText();
    await page.route('**/ratings', route => route.abort());
    await press(page, 'y', '2', '1', 'Enter');
    await expect(page.getByRole('alert')).toContainText('The server does not answer');
    await expect(page.getByRole('radio', { name: 'in part' })).toBeChecked();
    await page.unroute('**/ratings');
    await press(page, 'Enter');
    await expect(item(page)).not.toHaveText(before);
  });
});

test('a skip asks why and a pause hides the item', async ({ page }) => {
  await sit(page, 'support');
  await expect(item(page)).toBeFocused();
  await press(page, 'p');
  await expect(page.getByRole('heading', { name: 'Paused' })).toBeVisible();
  await expect(page.getByText('The office is open')).toHaveCount(0);
  await press(page, 'p');
  await expect(item(page)).toBeVisible();
  await press(page, 's');
  await expect(page.getByRole('dialog', { name: 'Skip this item' })).toBeVisible();
  const next = page.waitForResponse(answer => answer.url().endsWith('/next'));
  await page.keyboard.type('not my field');
  await press(page, 'Enter');
  expect(((await (await next).json()) as NextTask).next).toMatch(/item|done/);
});

test('pairs stand side by side, and the next one comes at once', async ({ page }) => {
  await sit(page, 'pairs');
  await expect(item(page)).toBeFocused();
  const [first, second] = await Promise.all(
    ['First answer', 'Second answer'].map(name => page.getByRole('group', { name }).boundingBox()),
  );
  expect(first?.y).toBe(second?.y);
  expect(second?.x).toBeGreaterThan((first?.x ?? 0) + 100);
  const waits: number[] = [];
  for (let n = 0; n < 8; n++) {
    await press(page, ['1', '2', '3'][n % 3] ?? '3');
    // From the key to the moment at which the next item is on the screen, as the page sees it.
    await page.evaluate(() => {
      const head = () => document.querySelector('.desk h2')?.textContent;
      const before = head();
      let from = 0;
      window.addEventListener('keydown', () => (from = performance.now()), { once: true, capture: true });
      const waited = new Promise<number>(done => {
        const look = () => {
          const now = head();
          if (now && now !== before) done(performance.now() - from);
          else requestAnimationFrame(look);
        };
        look();
      });
      Object.assign(window, { waited });
    });
    await press(page, 'Enter');
    waits.push(await page.evaluate(() => (window as unknown as { waited: Promise<number> }).waited));
  }
  waits.sort((a, b) => a - b);
  const median = waits[Math.floor(waits.length / 2)] ?? Infinity;
  test.info().annotations.push({ type: 'ms to the next item', description: median.toFixed(0) });
  console.log(`to the next item: ${median.toFixed(0)} ms at the median of ${waits.length}`);
});

test('the lead sees the figures of the command and settles a question', async ({ page }) => {
  const report = assay<ReviewReport>('review', 'report', 'support', '--json');
  await open(page, '/review/support/report');
  for (const criterion of report.criteria.filter(found => found.alpha)) {
    const row = page
      .getByRole('table', { name: 'Agreement by criterion' })
      .getByRole('row', { name: new RegExp(`^${criterion.name}`) });
    await expect(row).toContainText(
      `${score(criterion.alpha?.value)}${score(criterion.alpha?.lower)} to ${score(criterion.alpha?.upper)}`,
    );
    await expect(row).toContainText(percent(criterion.agreement ?? Number.NaN));
  }
  for (const rater of report.raters)
    await expect(
      page.getByRole('table', { name: 'Raters' }).getByRole('rowheader', { name: rater.name, exact: true }),
    ).toBeVisible();

  const open_ = report.discuss.length;
  await page.getByRole('link', { name: 'To settle' }).click();
  const question = page
    .locator('.panel')
    .filter({ has: page.getByText('The label is') })
    .first();
  await expect(question).toContainText('rater 1');
  await question.getByRole('radio').first().click();
  await question.getByRole('textbox', { name: 'Reason' }).fill('read it twice');
  const done = page.waitForResponse(answer => answer.url().endsWith('/adjudications'));
  await question.getByRole('button', { name: 'Settle' }).click();
  expect((await done).status()).toBe(200);
  await expect
    .poll(() => assay<ReviewReport>('review', 'report', 'support', '--json').discuss.length)
    .toBe(open_ - 1);
});

test('a rater is suspended with a reason and told so', async ({ page }) => {
  await open(page, '/review/pairs/report');
  const row = page.getByRole('row', { name: /^ann@example\.org/ });
  await row.getByRole('button', { name: 'Suspend…' }).click();
  await page.getByRole('textbox', { name: 'Reason' }).fill('on leave');
  await press(page, 'Enter');
  await expect(row).toContainText('suspended');
  await open(page, '/review/pairs');
  await expect(page.getByText('on leave')).toBeVisible();
  await open(page, '/review/pairs/report');
  await row.getByRole('button', { name: 'Reinstate…' }).click();
  await page.getByRole('textbox', { name: 'Reason' }).fill('back again');
  await press(page, 'Enter');
  await expect(row).toContainText('rating');
});

/** What the page is sent while somebody rates: nothing that says whose answer it is. */
test('nothing that a rater is sent tells the target, the score or the item', async ({ page }) => {
  const bodies: string[] = [];
  page.on('response', async answer => {
    if (/\/(next|ratings|undo)$/.test(answer.url())) bodies.push(await answer.text());
  });
  await sit(page, 'pairs');
  await expect(item(page)).toBeFocused();
  await press(page, '3', 'Enter');
  await expect.poll(() => bodies.length).toBeGreaterThanOrEqual(2);
  for (const body of bodies)
    expect(body).not.toMatch(/"(target|other_target|score|swapped|item|gold|chance)":/);
  const kept = bodies.map(body => JSON.parse(body) as Partial<Rated>).find(body => body.place);
  expect(kept?.place?.rated).toBeGreaterThan(0);
});
