import { count } from '../format/number';

export interface Bar {
  text: string;
  count: number;
  range: [number, number] | null;
}

/** A histogram whose bars are buttons: each says its range and count, and opens what it holds. */
export function Bars({
  bars,
  label,
  open,
}: {
  bars: Bar[];
  label: string;
  open?: (range: [number, number]) => void;
}) {
  const most = Math.max(1, ...bars.map(bar => bar.count));
  const told = bars.length <= 12 || (most < 1000 && bars.filter(bar => bar.count > 0).length <= 12);
  return (
    <div className="bars" role="group" aria-label={label}>
      {bars.map(bar => {
        const said = `${bar.text}: ${count(bar.count)}`;
        const range = bar.range;
        return (
          <button
            key={bar.text}
            type="button"
            title={said}
            aria-label={said}
            disabled={!range || !open || bar.count === 0}
            onClick={() => range && open?.(range)}
          >
            {told && bar.count > 0 && <span className="tab small">{count(bar.count)}</span>}
            <span className="fill" style={{ height: `${(bar.count / most) * 110}px` }} />
            {bars.length <= 12 && <span className="small faint">{bar.text}</span>}
          </button>
        );
      })}
      {bars.length > 12 && (
        <div className="ends">
          <span>{bars[0]?.text}</span>
          <span>{bars.at(-1)?.text}</span>
        </div>
      )}
    </div>
  );
}
