import { Link } from 'react-router';
import type { CompareAnswer } from '../../api/types';
import { candidatesOf, Frontier } from '../../charts/Frontier';
import { duration, money } from '../../format/number';
import { Verdict } from '../../ui/Badge';
import { DifferenceText, EstimateText } from '../../ui/Estimate';
import { Level } from '../../ui/level';
import { Panel } from '../../ui/Page';
import { Text } from '../../ui/Text';

const keyOf = (row: CompareAnswer['comparison']['rows'][number]) =>
  `${row.scorer}\n${row.metric ?? (row.reducer === 'mean' ? '' : row.reducer)}`;

/** Several candidates beside one baseline, each compared with it alone. */
export function Several({
  of,
}: {
  of: { words: { candidate: string; baseline: string }; data: CompareAnswer }[];
}) {
  const rows = [...new Set(of.flatMap(({ data }) => data.comparison.rows.map(keyOf)))];
  const levels = new Set(of.map(({ data }) => data.gate.confidence));
  const bases = new Set(of.map(({ data }) => `${data.baseline.id}:${data.baseline_target}`));
  const line = (name: string, cell: (side: CompareAnswer, which: 'candidate' | 'baseline') => string) => (
    <tr>
      <th scope="row">{name}</th>
      {bases.size === 1 && of[0] && <td className="num">{cell(of[0].data, 'baseline')}</td>}
      {of.map(({ words, data }) => (
        <td key={words.candidate} className="num">
          {cell(data, 'candidate')}
        </td>
      ))}
    </tr>
  );
  return (
    <Level value={levels.size === 1 ? ([...levels][0] ?? null) : null}>
      <Panel
        title="Side by side"
        note="each is compared with the baseline alone: the best of many looks better than it is"
        flush
      >
        <table className="table several" aria-label="Candidates side by side">
          <thead>
            <tr>
              <th scope="col">scorer</th>
              {bases.size === 1 && of[0] && (
                <th scope="col" className="num">
                  baseline
                  <br />
                  <Text>{of[0].data.baseline_target}</Text>{' '}
                  <span className="mono faint">{of[0].data.baseline.short}</span>
                </th>
              )}
              {of.map(({ words, data }) => (
                <th scope="col" key={words.candidate} className="num">
                  <Link to={`/compare?${new URLSearchParams(words)}`}>
                    <Text>{data.candidate_target}</Text> <span className="mono">{data.candidate.short}</span>
                  </Link>
                  {bases.size > 1 && (
                    <>
                      <br />
                      <span className="faint">
                        against <Text>{data.baseline_target}</Text>
                      </span>
                    </>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(key => {
              const [scorer = '', how = ''] = key.split('\n');
              const own = of.map(({ data }) => data.comparison.rows.find(row => keyOf(row) === key));
              return (
                <tr key={key}>
                  <th scope="row">
                    <Text>{scorer}</Text> <span className="faint small">{how}</span>
                  </th>
                  {bases.size === 1 && (
                    <td className="num">
                      <EstimateText estimate={own.find(Boolean)?.baseline} />
                    </td>
                  )}
                  {own.map((row, index) => (
                    <td key={index} className="num">
                      {row ? (
                        <>
                          <EstimateText estimate={row.candidate} />
                          <br />
                          <DifferenceText difference={row.difference} />
                        </>
                      ) : (
                        <span className="faint">not compared</span>
                      )}
                    </td>
                  ))}
                </tr>
              );
            })}
            {line('p50 latency', (data, which) => duration(data.cost[which].p50_us))}
            {line('cost', (data, which) => money(data.cost[which].cost_nanousd))}
            <tr>
              <th scope="row">gate</th>
              {bases.size === 1 && <td />}
              {of.map(({ words, data }) => (
                <td key={words.candidate} className="num">
                  <Verdict kind={data.gate.verdict} />
                </td>
              ))}
            </tr>
          </tbody>
        </table>
      </Panel>
      <Panel title="Quality against cost and latency">
        <Frontier of={candidatesOf(of.map(({ data }) => data))} />
      </Panel>
    </Level>
  );
}
