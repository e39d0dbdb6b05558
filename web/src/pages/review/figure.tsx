import type { Figure } from '../../api/review';
import { score, signed } from '../../format/number';

/** A figure of a report with its interval. */
export function FigureText({ figure, sign = false }: { figure: Figure | null | undefined; sign?: boolean }) {
  if (!figure) return <span className="faint">–</span>;
  const number = sign ? signed : score;
  return (
    <span className="estimate">
      <span className="strong">{number(figure.value)}</span>
      {figure.lower !== null && figure.upper !== null ? (
        <span className="ci">
          {number(figure.lower)} to {number(figure.upper)}
        </span>
      ) : (
        <span className="sub">no interval</span>
      )}
    </span>
  );
}
