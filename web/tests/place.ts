import { existsSync } from 'node:fs';
import path from 'node:path';

/** What the environment decides:
 *
 * - `ASSAY_BIN`: the binary that builds the workspace and serves it; `target/debug/assay` by default, as `cargo nextest run` leaves it
 * - `ASSAY_CHROMIUM`: the browser; Debian's by default
 * - `ASSAY_PAGE=dist`: the page is `web/dist` as it was built last, in front of the binary's API, and not the one inside the
 *   binary: pages are then tried without compiling
 */
export const BINARY = path.resolve(process.env.ASSAY_BIN ?? '../target/debug/assay');
export const BROWSER = process.env.ASSAY_CHROMIUM ?? '/usr/bin/chromium';
export const FROM_DIST = process.env.ASSAY_PAGE === 'dist';

/** Why no page can be tried here, or nothing. */
export function missing(): string | undefined {
  if (!existsSync(BROWSER))
    return `there is no browser at ${BROWSER}: apt-get install chromium, or set ASSAY_CHROMIUM`;
  if (!existsSync(BINARY))
    return `there is no binary at ${BINARY}: cargo nextest run --workspace --no-run builds it, or set ASSAY_BIN`;
  return undefined;
}

/** Where the pages of this test run are. */
export interface Place {
  /** Without a slash at its end. */
  address: string;
  token: string;
  workspace: string;
  /** The state of a browser that is logged in. */
  session: string;
}

const KEY = 'ASSAY_E2E_PLACE';
export const tell = (place: Place) => void (process.env[KEY] = JSON.stringify(place));
export function place(): Place {
  return JSON.parse(process.env[KEY] ?? '{}') as Place;
}
