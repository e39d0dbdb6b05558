import { line } from 'd3-shape';
import { count, duration, money, score } from '../format/number';
import { readable, visible } from '../format/text';
import { day } from '../format/time';
import { domainOf } from '../ui/IntervalBar';
import { colourOf, Frame, Legend, Shape, type Axis } from './Frame';

export type Kind = 'bar' | 'line' | 'scatter';
export interface Column {
  name: string;
  type: string;
}
/** What of a table is drawn; columns by name. */
export interface Drawn {
  kind: Kind;
  x: string;
  y: string;
  colour: string;
}

export const numeric = (column: Column) => /^(u?int|float|decimal)/i.test(column.type);

/** More would be neither read nor drawn in time. */
const WORDS = 60;
const SERIES = 6;

/** Numbers as their column's name says: microseconds as times or durations, nano-dollars as money. */
function formatOf(name: string): (value: number) => string {
  if (name.endsWith('_us')) return value => (value > 1e15 ? day(value) : duration(value));
  if (name.endsWith('_nanousd')) return money;
  return score;
}

const numberIn = (value: unknown): number | null => {
  const found = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof found === 'number' && Number.isFinite(found) ? found : null;
};

/** A table as a picture. What is left out of it is said beside it. */
export function Plot({ columns, rows, of }: { columns: Column[]; rows: unknown[][]; of: Drawn }) {
  const at = (name: string) => columns.findIndex(column => column.name === name);
  const [x, y, colour] = [at(of.x), at(of.y), at(of.colour)];
  const along = columns[x];
  const up = columns[y];
  if (!along || !up) return <p className="muted">Choose a column for each axis.</p>;
  // Bars stand beside words; a line or a point has its place on a scale of numbers when there is one.
  const scaled = of.kind !== 'bar' && numeric(along);
  const points = rows.flatMap(row => {
    const value = numberIn(row[y]);
    const place = scaled ? numberIn(row[x]) : visible(readable(row[x])) || '–';
    if (value === null || place === null) return [];
    return [{ x: place, y: value, series: colour < 0 ? '' : visible(readable(row[colour])) || '–' }];
  });
  const series = [...new Set(points.map(point => point.series))];
  const words = [...new Set(points.map(point => String(point.x)))];
  const shown = points.filter(
    point => series.indexOf(point.series) < SERIES && (scaled || words.indexOf(String(point.x)) < WORDS),
  );
  const out = rows.length - shown.length;
  if (shown.length === 0)
    return <p className="muted">No row has a number in {of.y}: choose another column.</p>;
  const kept = series.slice(0, SERIES);
  const axis: Axis = scaled
    ? {
        title: of.x,
        domain: domainOf(shown.map(point => ({ value: Number(point.x) }))),
        format: formatOf(of.x),
      }
    : { title: of.x, words: words.slice(0, WORDS) };
  const domain = domainOf(
    shown.map(point => ({ value: point.y })),
    { zero: of.kind === 'bar' },
  );
  const tell = formatOf(of.y);
  const said = (point: (typeof shown)[number]) =>
    `${scaled ? formatOf(of.x)(Number(point.x)) : point.x}${point.series && `, ${point.series}`}: ${tell(point.y)}`;
  return (
    <>
      <Frame
        label={`${of.y} by ${of.x}${of.colour && ` and ${of.colour}`}, ${count(shown.length)} values; the table below has them`}
        x={axis}
        y={{ title: of.y, domain: of.kind === 'bar' ? withZero(domain) : domain, format: tell }}
      >
        {box =>
          kept.flatMap((name, index) => {
            const own = shown.filter(point => point.series === name);
            const place = (point: (typeof own)[number]) => box.x(point.x);
            if (of.kind === 'bar') {
              const wide = Math.max(1, Math.min(60, (box.step * 0.8) / kept.length));
              const first = -(wide * kept.length) / 2 + index * wide;
              return own.map((point, n) => (
                <rect
                  key={`${name} ${n}`}
                  x={place(point) + first}
                  width={Math.max(1, wide - 1)}
                  y={Math.min(box.y(0), box.y(point.y))}
                  height={Math.max(1, Math.abs(box.y(0) - box.y(point.y)))}
                  fill={colourOf(index)}
                >
                  <title>{said(point)}</title>
                </rect>
              ));
            }
            const path = line<(typeof own)[number]>()
              .x(place)
              .y(point => box.y(point.y));
            const sorted = scaled ? [...own].sort((a, b) => Number(a.x) - Number(b.x)) : own;
            return [
              of.kind === 'line' && (
                <path
                  key={name}
                  d={path(sorted) ?? ''}
                  fill="none"
                  stroke={colourOf(index)}
                  strokeWidth={1.8}
                />
              ),
              ...own.map((point, n) => (
                <Shape
                  key={`${name} ${n}`}
                  of={index}
                  x={place(point)}
                  y={box.y(point.y)}
                  size={own.length > 200 ? 2.5 : 4}
                >
                  <title>{said(point)}</title>
                </Shape>
              )),
            ];
          })
        }
      </Frame>
      {of.colour && <Legend of={kept} />}
      {out > 0 && (
        <p className="unsure small">
          △ not in the picture: {count(out)} of {count(rows.length)} rows (no number in them, or beyond{' '}
          {SERIES} colours and {WORDS} places)
        </p>
      )}
    </>
  );
}

/** Bars begin at zero, and do not hang in the air around it. */
const withZero = ([low, high]: [number, number]): [number, number] => [
  low >= -1e-12 || low > -high * 0.1 ? 0 : low,
  high,
];
