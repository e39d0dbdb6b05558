/* eslint-disable no-control-regex -- control characters are what this file looks for */
/** Text from models and datasets is hostile: what would hide or reorder other text is made visible. */

export interface Piece {
  text: string;
  /** The name of a character that would not be seen; `text` is then its mark. */
  mark?: string;
}

// Directional controls, zero-width characters, other invisible format characters, control characters but tab and line feed.
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
const ANSI = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

const NAMES: Record<number, string> = {
  0x200b: 'ZWSP',
  0x200c: 'ZWNJ',
  0x200d: 'ZWJ',
  0x200e: 'LRM',
  0x200f: 'RLM',
  0x202a: 'LRE',
  0x202b: 'RLE',
  0x202c: 'PDF',
  0x202d: 'LRO',
  0x202e: 'RLO',
  0x2066: 'LRI',
  0x2067: 'RLI',
  0x2068: 'FSI',
  0x2069: 'PDI',
  0xfeff: 'BOM',
  0x00ad: 'SHY',
  0x061c: 'ALM',
  0x2028: 'LS',
  0x2029: 'PS',
  0x2060: 'WJ',
  0x0d: 'CR',
  0x1b: 'ESC',
  0x00: 'NUL',
};

/** Splits a text into what is shown as it is and marks for what would not be seen. A carriage return before a line feed and
 * the joiners inside emoji and words of scripts that need them stay as they are. */
export const pieces = (text: string): Piece[] =>
  located(text.replace(/\r\n/g, '\n').replace(ANSI, '')).map(({ text, mark }) =>
    mark ? { text, mark } : { text },
  );

/** The same with the place of each piece in the text (UTF-16 units); nothing is taken out, so that places hold. */
export function located(text: string): (Piece & { from: number; to: number })[] {
  const out: (Piece & { from: number; to: number })[] = [];
  let from = 0;
  for (const hit of text.matchAll(UNSEEN)) {
    const code = hit[0].codePointAt(0) ?? 0;
    if (code === 0x0d && text.charAt(hit.index + 1) === '\n') continue;
    if (
      code === 0x200d &&
      /\p{Extended_Pictographic}|\ufe0f|\p{M}|\p{Script=Arabic}/u.test(
        text.slice(Math.max(0, hit.index - 2), hit.index),
      )
    )
      continue;
    if (hit.index > from) out.push({ text: text.slice(from, hit.index), from, to: hit.index });
    const name = NAMES[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
    const to = hit.index + hit[0].length;
    out.push({ text: name, mark: `invisible character ${name}`, from: hit.index, to });
    from = to;
  }
  if (from < text.length) out.push({ text: text.slice(from), from, to: text.length });
  return out;
}

/** The same as one string, for places that hold no elements (options, titles). */
export const visible = (text: string) =>
  pieces(text)
    .map(p => (p.mark ? `⟨${p.text}⟩` : p.text))
    .join('');

/** Faults that are told one after another, each with its file and line, on lines of their own. */
export const byLine = (text: string) =>
  text.replace(/(: |; )(?=[^:;\n]+:\d+: )/g, (sign: string) => `${sign.trim()}\n`);

/** A value of a case as text: strings as they are, the rest as JSON. */
export function readable(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

/** An address that may be a link: http or https, nothing else. */
export function link(text: string): string | null {
  return /^https?:\/\/[^\s"'<>]+$/i.test(text) && URL.canParse(text) ? text : null;
}
