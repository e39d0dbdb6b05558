import type { JudgeFigure } from '../../api/judges';
import type { Interval } from '../../api/types';
import { pValue, score, signed } from '../../format/number';
import { domainOf, IntervalBar, type Mark } from '../../ui/IntervalBar';
import { intervalOf } from '../../ui/level';
import { Panel } from '../../ui/Page';
import { Text } from '../../ui/Text';

export const markOf = (value: number | null, interval: Interval | null): Mark => ({
  value,
  lower: interval?.lower,
  upper: interval?.upper,
});

export function Found(props: { value: number | null; interval: Interval | null; difference?: boolean }) {
  const { value, interval, difference } = props;
  const number = difference ? signed : score;
  if (value === null) return <span className="faint">–</span>;
  return (
    <span className="estimate">
      <span className="strong">{number(value)}</span>
      {interval ? (
        <span className="ci">
          {number(interval.lower)} to {number(interval.upper)}
        </span>
      ) : (
        <span className="sub">no interval</span>
      )}
    </span>
  );
}

/** Figures with their intervals, beside those of people among each other where there are any. */
export function FigureTable(props: {
  title: string;
  note: string;
  figures: JudgeFigure[];
  confidence: number;
  difference?: boolean;
}) {
  const { figures, difference } = props;
  if (figures.length === 0) return null;
  const marks = figures.map(figure => markOf(figure.value, figure.interval));
  const unit: [number, number] = [0, 1];
  const domain = difference ? domainOf(marks, { zero: true }) : unit;
  const people = figures.some(figure => figure.people);
  const adjusted = figures.some(figure => typeof figure.p === 'number');
  return (
    <Panel title={props.title} note={props.note} flush>
      <table className="table" aria-label={props.title}>
        <thead>
          <tr>
            <th scope="col">figure</th>
            <th scope="col">{intervalOf(props.confidence)}</th>
            <th scope="col" className="num">
              value
            </th>
            {people && (
              <th scope="col" className="num">
                people among each other
              </th>
            )}
            {adjusted && (
              <th scope="col" className="num">
                p
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {figures.map((figure, index) => {
            const mark = marks[index] ?? { value: null };
            // What does not live on the scale of the others has its number alone.
            const fits = difference || mark.value === null || (mark.value >= -1 && mark.value <= 1);
            const low = Math.min(0, mark.lower ?? 0, mark.value ?? 0) < 0 && !difference;
            return (
              <tr key={`${figure.key} ${figure.name}`}>
                <th scope="row">
                  <Text>{figure.name}</Text>
                </th>
                <td>
                  {fits && figure.interval && (
                    <IntervalBar
                      mark={mark}
                      domain={low ? [-1, 1] : domain}
                      reference={difference || low ? 0 : null}
                      under={figure.people ? markOf(figure.people[0], figure.people[1]) : undefined}
                      tone={
                        difference && figure.interval.lower * figure.interval.upper > 0 ? 'unsure' : 'accent'
                      }
                      label={`${figure.name}: ${score(mark.value)}, scale ${score((low ? [-1, 1] : domain)[0])} to ${score(domain[1])}`}
                    />
                  )}
                </td>
                <td className="num">
                  <Found value={figure.value} interval={figure.interval} difference={difference} />
                </td>
                {people && (
                  <td className="num">
                    {figure.people ? (
                      <Found value={figure.people[0]} interval={figure.people[1]} />
                    ) : (
                      <span className="faint">–</span>
                    )}
                  </td>
                )}
                {adjusted && <td className="num">{pValue(figure.p)}</td>}
              </tr>
            );
          })}
        </tbody>
      </table>
    </Panel>
  );
}
