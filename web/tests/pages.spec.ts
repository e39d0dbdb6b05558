import Axe from '@axe-core/playwright';
import { expect, open, ready, test } from './browse';
import { PAGES } from './walk';

const WIDTHS = [1440, 768];
const THEMES = ['light', 'dark'] as const;
/** The rules of axe that look at colours. */
const COLOURS = ['color-contrast', 'link-in-text-block'];

for (const [name, find] of Object.entries(PAGES))
  test(`${name}: is shown at every width and in both themes, and can be read by everybody`, async ({
    page,
  }) => {
    const path = await find(page);
    for (const width of WIDTHS)
      for (const theme of THEMES) {
        await page.setViewportSize({ width, height: 1000 });
        await page.emulateMedia({ colorScheme: theme });
        if (width === WIDTHS[0] && theme === THEMES[0]) await open(page, path);
        else await ready(page);
        await page.screenshot({ path: `test-results/pages/${name}-${width}-${theme}.png`, fullPage: true });
        // In the second theme only what depends on colours can differ. One page and no frames: the old mode does, in half the time.
        const axe = new Axe({ page }).setLegacyMode().options({ resultTypes: ['violations'] });
        if (theme !== THEMES[0]) axe.withRules(COLOURS);
        const { violations } = await axe.analyze();
        const grave = violations.filter(found => found.impact === 'serious' || found.impact === 'critical');
        expect
          .soft(
            grave.map(found => `${found.id}: ${found.nodes.map(node => node.target.join(' ')).join(', ')}`),
            `${name} at ${width} in the ${theme} theme`,
          )
          .toEqual([]);
        expect
          .soft(
            await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
            `${name} is wider than ${width}`,
          )
          .toBeLessThanOrEqual(0);
      }
    expect(await page.title()).toMatch(/. · Assay$/);
  });
