import { Link } from 'react-router';
import type { RunItem } from '../../api/types';
import { When } from '../../ui/When';

/** How many are worth a line; all of them stand in the list to pick from. */
const FEW = 5;

/** What a candidate is most likely to be compared with: the earlier complete runs of its suite. */
export function Earlier({ than, runs }: { than: string[]; runs: RunItem[] }) {
  const candidate = runs.find(run => run.id === than[0]?.split(':')[0]);
  if (!candidate) return null;
  const earlier = runs.filter(
    run => run.suite === candidate.suite && run.status === 'sealed' && run.started_us < candidate.started_us,
  );
  if (earlier.length === 0)
    return <p className="muted">The suite {candidate.suite} has no earlier run: run it again to compare.</p>;
  return (
    <section>
      <h3>Earlier runs of {candidate.suite}</h3>
      <ul className="lines">
        {earlier.slice(0, FEW).map(run => (
          <li key={run.id}>
            <Link
              to={`/compare?${new URLSearchParams([
                ...than.map(word => ['candidate', word]),
                ['baseline', run.id],
              ])}`}
            >
              against <span className="mono">{run.short}</span>
            </Link>
            <span className="muted small">
              <When us={run.started_us} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
