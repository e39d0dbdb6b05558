/** The beginning of a file as columns and rows, for people who are to say which column is what. The server reads the file anew. */
import { dsvFormat } from 'd3-dsv';
import { readable } from './text';

/** Bytes that are looked at. */
export const LOOKED_AT = 256 * 1024;
const ROWS = 5;
/** Rows in which columns are looked for: the lines of a file need not have the same. */
const SEARCHED = 200;

const ENDINGS: Record<string, string> = {
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  csv: 'csv',
  tsv: 'tsv',
  parquet: 'parquet',
  pq: 'parquet',
  arrow: 'arrow',
  arrows: 'arrow',
  feather: 'arrow',
  ipc: 'arrow',
  xlsx: 'xlsx',
  yaml: 'yaml',
  yml: 'yaml',
  json: 'json',
  txt: 'text',
  md: 'text',
};
export const FORMATS = [...new Set(Object.values(ENDINGS))];

/** The format of a file by its ending, as the server tells it. */
export const formatOf = (file: string): string | null =>
  ENDINGS[/\.([^./\\]+)$/.exec(file)?.[1]?.toLowerCase() ?? ''] ?? null;

export interface Head {
  columns: string[];
  /** The first rows: a text for each column, `null` where the row does not have it. */
  rows: (string | null)[][];
  /** Columns that hold an object, as it is or as JSON text. */
  objects: string[];
  /** What of the beginning cannot be read. */
  fault: string | null;
}

type Row = Record<string, unknown>;
const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Columns and first rows; `null` for formats that only the server reads. `whole` says whether the text is all of the file. */
export function headOf(text: string, format: string | null, whole: boolean): Head | null {
  const plain = text.replace(/^\ufeff/, '');
  switch (format) {
    case 'csv':
      return table(plain, ',', whole);
    case 'tsv':
      return table(plain, '\t', whole);
    case 'jsonl':
      return lines(plain, whole);
    case 'json':
      return whole ? list(plain) : null;
    default:
      return null;
  }
}

function table(text: string, delimiter: string, whole: boolean): Head {
  const [columns = [], ...all] = dsvFormat(delimiter).parseRows(text);
  // The last line may go on behind what was looked at.
  const rows = (whole ? all : all.slice(0, -1)).filter(row => row.some(Boolean));
  const named = rows
    .slice(0, SEARCHED)
    .map(row => Object.fromEntries(columns.map((name, i) => [name, row[i]])));
  return {
    columns,
    rows: rows.slice(0, ROWS).map(row => columns.map((_, i) => row[i] ?? null)),
    objects: objectsOf(columns, named),
    fault: columns.length === 0 ? 'The file is empty.' : null,
  };
}

function lines(text: string, whole: boolean): Head {
  const all = text.split('\n');
  if (!whole) all.pop();
  const rows: Row[] = [];
  let fault: string | null = null;
  for (const [at, line] of all.entries()) {
    if (rows.length === SEARCHED || fault) break;
    if (!line.trim()) continue;
    try {
      const row: unknown = JSON.parse(line);
      if (isRow(row)) rows.push(row);
      else fault = `Line ${at + 1} is no JSON object.`;
    } catch (error) {
      fault = `Line ${at + 1}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  if (rows.length === 0 && !fault)
    fault = whole ? 'The file is empty.' : 'Its first line is too long to be shown.';
  return of(rows, fault);
}

function list(text: string): Head | null {
  try {
    const said: unknown = JSON.parse(text);
    const found = Array.isArray(said) ? said : isRow(said) ? (said.cases ?? said.data ?? said.rows) : null;
    return Array.isArray(found) ? of(found.filter(isRow).slice(0, SEARCHED), null) : null;
  } catch (error) {
    return of([], error instanceof Error ? error.message : String(error));
  }
}

function of(rows: Row[], fault: string | null): Head {
  const columns = [...new Set(rows.flatMap(row => Object.keys(row)))];
  return {
    columns,
    rows: rows
      .slice(0, ROWS)
      .map(row => columns.map(name => (Object.hasOwn(row, name) ? readable(row[name]) : null))),
    objects: objectsOf(columns, rows),
    fault,
  };
}

function objectsOf(columns: string[], rows: Row[]): string[] {
  return columns.filter(name => {
    // A column may be called as what every object has.
    const values = rows.map(row => (Object.hasOwn(row, name) ? row[name] : null));
    const value = values.find(found => found !== null && found !== undefined && found !== '');
    if (typeof value !== 'string') return isRow(value);
    if (!value.trimStart().startsWith('{')) return false;
    try {
      return isRow(JSON.parse(value));
    } catch {
      return false;
    }
  });
}
