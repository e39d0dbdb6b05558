import { Link } from 'react-router';
import type { CaseDetail } from '../../api/types';
import { score } from '../../format/number';
import { stamp } from '../../format/time';
import { Panel } from '../../ui/Page';
import { Text } from '../../ui/Text';

/** The same case in the newest runs of its suite: a line for each run and target, a column for each scorer. */
export function Earlier({ of, run, id }: { of: CaseDetail['history']; run: string; id: string }) {
  const scorers = [...new Set(of.map(row => row.scorer))];
  const lines = new Map<string, { first: (typeof of)[number]; values: Map<string, number | null> }>();
  for (const row of of) {
    const key = `${row.run} ${row.target}`;
    const line = lines.get(key) ?? { first: row, values: new Map() };
    line.values.set(row.scorer, row.value ?? null);
    lines.set(key, line);
  }
  if (lines.size === 0) return null;
  return (
    <Panel title="In the runs of this suite" note="the same case, by its content" flush>
      <table className="table" aria-label="The case in other runs">
        <thead>
          <tr>
            <th scope="col">run</th>
            <th scope="col">started</th>
            <th scope="col">target</th>
            {scorers.map(name => (
              <th scope="col" key={name} className="num">
                <Text>{name}</Text>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...lines].map(([key, { first, values }]) => (
            <tr key={key}>
              <th scope="row">
                {first.run === run ? (
                  <span className="mono">{first.run.slice(-8)} (this run)</span>
                ) : (
                  <Link className="mono" to={`/runs/${first.run}/cases/${encodeURIComponent(id)}`}>
                    {first.run.slice(-8)}
                  </Link>
                )}
              </th>
              <td>{stamp(first.started_us)}</td>
              <td>
                <Text>{first.target}</Text>
              </td>
              {scorers.map(name => (
                <td key={name} className="num">
                  {values.has(name) ? score(values.get(name)) : <span className="faint">–</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
