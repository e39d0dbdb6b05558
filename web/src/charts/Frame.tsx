import { scaleLinear, scalePoint } from 'd3-scale';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { score } from '../format/number';

/** An axis of numbers, or of words in their order. */
export type Axis =
  | { title: string; domain: [number, number]; format?: (value: number) => string }
  | { title: string; words: string[] };

export interface Box {
  x: (value: number | string) => number;
  y: (value: number) => number;
  /** The width that a word has on the x axis. */
  step: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const TOP = 12;
const RIGHT = 16;
const LETTER = 6.4;

/** A chart's axes, as wide as there is room; what is drawn within gets its scales. */
export function Frame({
  label,
  x,
  y,
  height = 320,
  children,
}: {
  /** What a reader by ear gets instead of the picture. */
  label: string;
  x: Axis;
  y: Extract<Axis, { domain: unknown }>;
  height?: number;
  children: (box: Box) => ReactNode;
}) {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const seen = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)));
    if (place.current) seen.observe(place.current);
    return () => seen.disconnect();
  }, []);
  const up = scaleLinear(y.domain, [height - 46, TOP]);
  const rows = up.ticks(Math.max(2, Math.round(height / 60)));
  const tell = y.format ?? score;
  const left = 26 + Math.max(...rows.map(row => tell(row).length), 3) * LETTER;
  const right = Math.max(left + 60, width - RIGHT);
  const bottom = height - 46;
  const along =
    'words' in x
      ? scalePoint(x.words, [left, right]).padding(0.5)
      : scaleLinear(x.domain, [left + 6, right - 6]);
  const at = (value: number | string) =>
    (along as (value: number | string) => number | undefined)(value) ?? left;
  const step = 'words' in x ? (right - left) / Math.max(1, x.words.length) : 0;
  const columns: { at: number; text: string }[] =
    'words' in x
      ? x.words.map(word => ({ at: at(word), text: word }))
      : scaleLinear(x.domain, [left + 6, right - 6])
          .ticks(Math.max(2, Math.round((right - left) / 110)))
          .map(value => ({ at: at(value), text: (x.format ?? score)(value) }));
  // Words that have no room are cut, and some left out where little of them would be left.
  const needed = 'words' in x ? Math.min(8, Math.max(...x.words.map(word => word.length))) + 1 : 0;
  const every = 'words' in x ? Math.max(1, Math.ceil((needed * LETTER) / Math.max(step, 0.1))) : 1;
  const letters = 'words' in x ? Math.floor((step * every) / LETTER) : 99;
  return (
    <div ref={place} className="frame">
      {width > 0 && (
        <svg className="plot" role="img" aria-label={label} width={width} height={height}>
          {rows.map(row => (
            <g key={row}>
              <line x1={left} x2={right} y1={up(row)} y2={up(row)} stroke="var(--line)" />
              <text x={left - 6} y={up(row)} dy="0.32em" textAnchor="end">
                {tell(row)}
              </text>
            </g>
          ))}
          <line x1={left} x2={right} y1={bottom} y2={bottom} stroke="var(--line-strong)" />
          {columns.map(({ at: place, text }, index) =>
            index % every ? null : (
              <text key={text} x={place} y={bottom + 16} textAnchor="middle">
                {text.length > Math.max(3, letters) ? `${text.slice(0, Math.max(2, letters - 1))}…` : text}
                <title>{text}</title>
              </text>
            ),
          )}
          <text x={(left + right) / 2} y={height - 8} textAnchor="middle" className="title">
            {x.title}
          </text>
          <text
            x={12}
            y={(TOP + bottom) / 2}
            textAnchor="middle"
            className="title"
            transform={`rotate(-90 12 ${(TOP + bottom) / 2})`}
          >
            {y.title}
          </text>
          {children({ x: at, y: value => up(value), step, left, right, top: TOP, bottom })}
        </svg>
      )}
    </div>
  );
}

/** Six colours that are told apart by people who do not see all colours too; what is beyond them is grey. */
export const colourOf = (index: number) => (index < 6 ? `var(--series-${index + 1})` : 'var(--ink-3)');

/** The same order in shapes, so that no colour is needed. */
export function Shape({
  of,
  x,
  y,
  size = 4.5,
  children,
}: {
  of: number;
  x: number;
  y: number;
  size?: number;
  children?: ReactNode;
}) {
  const fill = colourOf(of);
  const s = size;
  switch (of % 4) {
    case 1:
      return (
        <rect x={x - s * 0.85} y={y - s * 0.85} width={s * 1.7} height={s * 1.7} fill={fill}>
          {children}
        </rect>
      );
    case 2:
      return (
        <path d={`M${x} ${y - s * 1.2}L${x + s * 1.15} ${y + s * 0.8}H${x - s * 1.15}Z`} fill={fill}>
          {children}
        </path>
      );
    case 3:
      return (
        <path
          d={`M${x} ${y - s * 1.25}L${x + s * 1.25} ${y}L${x} ${y + s * 1.25}L${x - s * 1.25} ${y}Z`}
          fill={fill}
        >
          {children}
        </path>
      );
    default:
      return (
        <circle cx={x} cy={y} r={s} fill={fill}>
          {children}
        </circle>
      );
  }
}

/** What a colour and shape stand for. */
export function Legend({ of }: { of: string[] }) {
  if (of.length === 0) return null;
  return (
    <ul className="legend">
      {of.map((text, index) => (
        <li key={text}>
          <svg width="14" height="14" aria-hidden>
            <Shape of={index} x={7} y={7} />
          </svg>
          {text}
        </li>
      ))}
    </ul>
  );
}
