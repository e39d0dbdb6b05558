import { expect, test } from 'vitest';
import type { Lineage } from '../../api/datasets';
import { place } from './Lineage';

const node = (id: string, depth: number) => ({
  id,
  kind: 'version' as const,
  label: id,
  dataset: id,
  number: 1,
  digest: '',
  cases: 1,
  at_us: 1,
  by: '',
  depth,
});
const edge = (from: string, to: string) => ({ from, to, how: 'selected' as const });

test('whatever was made of something stands to its right, and no two stand on one place', () => {
  const graph: Lineage = {
    nodes: [node('c', 0), node('a', 1), node('b', 1), node('file', 2)],
    edges: [edge('a', 'c'), edge('b', 'c'), edge('a', 'b'), edge('file', 'a')],
  };
  const { placed } = place(graph);
  const x = (id: string) => placed.get(id)?.x ?? NaN;
  for (const { from, to } of graph.edges) expect(x(from)).toBeLessThan(x(to));
  expect(new Set([...placed.values()].map(at => `${at.x} ${at.y}`)).size).toBe(4);
});
test('a circle in a damaged record does not hang the page', () => {
  const { placed } = place({ nodes: [node('a', 0), node('b', 1)], edges: [edge('a', 'b'), edge('b', 'a')] });
  expect(placed.size).toBe(2);
});
