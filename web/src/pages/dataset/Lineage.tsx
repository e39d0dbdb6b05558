import { Link } from 'react-router';
import type { Lineage as Graph, LineageNode } from '../../api/datasets';
import { count } from '../../format/number';
import { visible } from '../../format/text';
import { stamp } from '../../format/time';
import { Panel } from '../../ui/Page';
import { Empty } from '../../ui/States';

const WIDE = 190;
const HIGH = 46;
const GAP = { x: 90, y: 18 };

interface Placed {
  node: LineageNode;
  x: number;
  y: number;
}

/** Steps from what is looked at, along the longest way, so that whatever was made of something stands to its right. */
function layers(graph: Graph): Map<string, number> {
  const layer = new Map<string, number>();
  const of = (id: string, seen: string[]): number => {
    const known = layer.get(id);
    if (known !== undefined) return known;
    const next = graph.edges.filter(edge => edge.from === id && !seen.includes(edge.to));
    const found = Math.max(0, ...next.map(edge => 1 + of(edge.to, [...seen, id])));
    layer.set(id, found);
    return found;
  };
  for (const node of graph.nodes) of(node.id, []);
  return layer;
}

/** The version that is looked at stands to the right; within a column everything is near to what it led to. */
export function place(graph: Graph): { placed: Map<string, Placed>; width: number; height: number } {
  const layer = layers(graph);
  const deepest = Math.max(0, ...layer.values());
  const placed = new Map<string, Placed>();
  let rows = 0;
  for (let depth = 0; depth <= deepest; depth += 1) {
    // Where what was made of a node stands: the mean of the rows.
    const near = (node: LineageNode) => {
      const of = graph.edges.flatMap(edge => (edge.from === node.id ? (placed.get(edge.to)?.y ?? []) : []));
      return of.length > 0 ? of.reduce((sum, y) => sum + y, 0) / of.length : 0;
    };
    const column = graph.nodes
      .filter(node => layer.get(node.id) === depth)
      .map(node => ({ node, near: near(node) }))
      .sort((a, b) => a.near - b.near);
    rows = Math.max(rows, column.length);
    column.forEach(({ node }, index) =>
      placed.set(node.id, {
        node,
        x: (deepest - depth) * (WIDE + GAP.x),
        y: index * (HIGH + GAP.y),
      }),
    );
  }
  return {
    placed,
    width: (deepest + 1) * WIDE + deepest * GAP.x,
    height: Math.max(1, rows) * (HIGH + GAP.y) - GAP.y,
  };
}

/** Where a version comes from: files and versions, and how each was made of what is left of it. */
export function Lineage({ graph }: { graph: Graph }) {
  const { placed, width, height } = place(graph);
  if (graph.nodes.length === 0)
    return (
      <Panel>
        <Empty title="No version is left" />
      </Panel>
    );
  const cut = (text: string, most: number) => {
    const shown = visible(text);
    return shown.length > most ? `…${shown.slice(1 - most)}` : shown;
  };
  return (
    <Panel title="Where it comes from" note="what is to the right was made of what is to the left" flush>
      <svg
        className="plot lineage"
        role="group"
        aria-label="Where the version comes from"
        width={width + 32}
        height={height + 32}
        viewBox={`-16 -16 ${width + 32} ${height + 32}`}
      >
        {graph.edges.map((edge, index) => {
          const [from, to] = [placed.get(edge.from), placed.get(edge.to)];
          if (!from || !to) return null;
          const [x1, y1, x2, y2] = [from.x + WIDE, from.y + HIGH / 2, to.x, to.y + HIGH / 2];
          const middle = (x1 + x2) / 2;
          return (
            <g key={index}>
              <path
                d={`M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`}
                fill="none"
                stroke="var(--line-strong)"
                strokeWidth={1.5}
              />
              <text x={middle} y={(y1 + y2) / 2 - 4} textAnchor="middle">
                {edge.how}
              </text>
            </g>
          );
        })}
        {[...placed.values()].map(({ node, x, y }) => {
          const file = node.kind === 'file';
          const box = (
            <>
              <rect
                x={x}
                y={y}
                width={WIDE}
                height={HIGH}
                rx={file ? 2 : 8}
                className={node.depth === 0 ? 'here' : ''}
              />
              <text x={x + 10} y={y + 19} className="name">
                {cut(node.label, 23)}
              </text>
              <text x={x + 10} y={y + 35}>
                {file
                  ? `file ${node.digest.slice(0, 12)}`
                  : `${count(node.cases ?? 0)} cases${node.at_us ? `, ${stamp(node.at_us)}` : ''}`}
              </text>
              <title>
                {[visible(node.label), node.digest, node.by && `by ${visible(node.by)}`]
                  .filter(Boolean)
                  .join('\n')}
              </title>
            </>
          );
          return node.dataset !== null && node.number !== null && !node.dataset.endsWith('.quarantine') ? (
            <Link
              key={node.id}
              to={`/datasets/${encodeURIComponent(node.dataset)}?version=${node.number}`}
              aria-label={`${visible(node.label)}, ${count(node.cases ?? 0)} cases`}
            >
              {box}
            </Link>
          ) : (
            <g key={node.id} className={file ? 'file' : ''}>
              {box}
            </g>
          );
        })}
      </svg>
    </Panel>
  );
}
