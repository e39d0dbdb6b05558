import { expect, open, ready, test } from './browse';
import { looks } from './looks';
import { PAGES } from './walk';

for (const [name, find] of Object.entries(PAGES))
  test(`${name}: is shown at every width and in both themes, and can be read by everybody`, async ({
    page,
  }) => {
    const path = await find(page);
    let opened = false;
    await looks(page, name, async () => {
      await (opened ? ready(page) : open(page, path));
      opened = true;
    });
    expect(await page.title()).toMatch(/. · Assay$/);
  });
