import { defineConfig } from '@playwright/test';
import { BROWSER } from './tests/place';

/** The pages in a real browser over a real server: `npm run e2e`. See `tests/place.ts` for what the environment decides. */
export default defineConfig({
  testDir: 'tests',
  testMatch: '*.spec.ts',
  globalSetup: './tests/setup.ts',
  outputDir: 'test-results/failures',
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  workers: 2,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    launchOptions: {
      executablePath: BROWSER,
      // Root may not use Chromium's own sandbox; the pages are this project's.
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
      ],
    },
  },
});
