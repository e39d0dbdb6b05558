import { expect, test } from 'vitest';
import type { Head } from '../../../format/head';
import { found, give, say, type Role } from './roles';

const head = (columns: string[], objects: string[] = []): Head => ({
  columns,
  rows: [],
  objects,
  fault: null,
});
const at = (of: Head, roles: Record<string, Role>) =>
  Object.entries(roles).reduce(
    (before, [name, role]) => give(of, before, of.columns.indexOf(name), role),
    found(of),
  );

test('usual names are found, one for each role, and nothing needs to be said', () => {
  const table = head(['case_id', 'id', 'question', 'target', 'expected', 'response']);
  expect(found(table)).toEqual(['input', 'id', 'input', 'input', 'expected', 'outputs']);
  expect(say(table, found(table))).toEqual({ fields: {}, faults: [] });
});

test('what stands beside an object of inputs is metadata', () => {
  const lines = head(['inputs', 'kind', 'metadata', 'answer'], ['inputs', 'metadata']);
  expect(found(lines)).toEqual(['object', 'metadata', 'object', 'metadata']);
  expect(say(lines, at(lines, { answer: 'expected' }))).toEqual({
    fields: { expected: 'answer' },
    faults: [],
  });
});

test('only what differs is said; a role that one column can have moves', () => {
  const table = head(['id', 'question', 'answer', 'expected', 'topic', 'notes']);
  const roles = at(table, { answer: 'expected', topic: 'metadata' });
  expect(roles).toEqual(['id', 'input', 'expected', 'input', 'metadata', 'input']);
  // `expected` would not be an input by its name alone.
  expect(say(table, roles).fields).toEqual({
    expected: 'answer',
    metadata: 'topic',
    input: 'question,expected,notes',
  });
  expect(say(table, at(table, { notes: 'none' })).fields).toEqual({ input: 'question,answer,topic' });
});

test('several recorded outputs are named', () => {
  const table = head(['q', 'output', 'mine']);
  expect(say(table, at(table, { mine: 'outputs' })).fields).toEqual({ outputs: 'output,mine' });
});

test('what cannot be had is told', () => {
  const table = head(['label', 'a,b']);
  expect(say(table, at(table, { label: 'input' })).faults).toEqual([
    '`label` is read as expected by its name unless another column has that role.',
    '`a,b` has a comma in its name and cannot be named here.',
  ]);
  expect(say(head(['q']), ['none']).faults).toEqual(['At least one column is an input.']);
});
