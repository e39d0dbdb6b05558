import Axe from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

const WIDTHS = [1440, 768];
const THEMES = ['light', 'dark'] as const;
/** The rules of axe that look at colours. */
const COLOURS = ['color-contrast', 'link-in-text-block'];

/** Looks at what is open at every width and in both themes: a picture, no grave finding of axe, nothing wider than the window.
 * `again` is awaited before each look. */
export async function looks(page: Page, name: string, again: () => Promise<void>): Promise<void> {
  for (const width of WIDTHS)
    for (const theme of THEMES) {
      await page.setViewportSize({ width, height: 1000 });
      await page.emulateMedia({ colorScheme: theme });
      await again();
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
}
