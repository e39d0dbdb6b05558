import { expect, test } from 'vitest';
import { formatOf, headOf } from './head';

test('the format follows the last ending, whatever else a name holds', () => {
  expect(
    ['a.CSV', 'a.b.jsonl', '../../etc/passwd', 'c.parquet', 'folder.csv/file', 'x.data'].map(formatOf),
  ).toEqual(['csv', 'jsonl', null, 'parquet', null, null]);
});

test('a table has its header as columns, cells with quotes and line breaks, and short rows', () => {
  const head = headOf('\ufeffid,question,expected\n1,"a, ""b""\nc",x\n\n2,d\n', 'csv', true);
  expect(head).toEqual({
    columns: ['id', 'question', 'expected'],
    rows: [
      ['1', 'a, "b"\nc', 'x'],
      ['2', 'd', null],
    ],
    objects: [],
    fault: null,
  });
});

test('the last line of a part of a file is left out', () => {
  expect(headOf('a\tb\n1\t2\n3\t', 'tsv', false)?.rows).toEqual([['1', '2']]);
  expect(headOf('{"a":1}\n{"a":', 'jsonl', false)).toMatchObject({ rows: [['1']], fault: null });
});

test('lines have the columns of all of them, in the order they come in', () => {
  const head = headOf('{"q":"x","inputs":{"a":1}}\n\n{"q":"y","tags":["t"],"__proto__":2}\n', 'jsonl', true);
  expect(head?.columns).toEqual(['q', 'inputs', 'tags', '__proto__']);
  expect(head?.objects).toEqual(['inputs']);
  expect(head?.rows[1]?.slice(0, 3)).toEqual(['y', null, '[\n  "t"\n]']);
});

test('a line that is no case is named', () => {
  expect(headOf('{"a":1}\n[1]\n', 'jsonl', true)?.fault).toBe('Line 2 is no JSON object.');
  expect(headOf('{"a":1}\n\n{"a":\n', 'jsonl', true)?.fault).toMatch(/^Line 3: /);
  expect(headOf('', 'csv', true)?.fault).toBe('The file is empty.');
});

test('a list of a whole JSON file is read, and nothing of what only the server reads', () => {
  expect(headOf('{"cases":[{"q":"x"}]}', 'json', true)?.columns).toEqual(['q']);
  expect(headOf('[{"q":', 'json', true)?.fault).toBeTruthy();
  expect(headOf('[{"q":', 'json', false)).toBeNull();
  expect(headOf('PAR1', 'parquet', true)).toBeNull();
});
