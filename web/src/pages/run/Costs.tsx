import { useGet } from '../../api/queries';
import type { Latency, RunItem, Spend } from '../../api/types';
import { Bars } from '../../charts/Bars';
import { count, duration, money, percent } from '../../format/number';
import { Panel } from '../../ui/Page';
import { Await, Empty } from '../../ui/States';
import { Table } from '../../ui/Table';

export function Costs({ run }: { run: RunItem }) {
  const spend = useGet<Spend[]>(`/runs/${run.id}/spend`);
  const latency = useGet<Latency[]>(`/runs/${run.id}/latency`);
  return (
    <>
      <Panel title="Spending" note="by target and judge" flush>
        <Await query={spend}>
          {rows => (
            <Table
              label="Spending"
              rows={rows}
              rowKey={row => row.role + row.name}
              empty={<Empty title="Nothing spent" />}
              columns={[
                { key: 'name', head: 'name', rowHead: true, cell: row => row.name },
                { key: 'role', head: 'role', cell: row => <span className="muted">{row.role}</span> },
                { key: 'trials', head: 'trials', num: true, cell: row => count(row.trials) },
                {
                  key: 'cached',
                  head: 'cached',
                  num: true,
                  cell: row => `${count(row.cached)} (${percent(row.trials ? row.cached / row.trials : 0)})`,
                },
                { key: 'calls', head: 'calls', num: true, cell: row => count(row.calls) },
                { key: 'in', head: 'tokens in', num: true, cell: row => count(row.input_tokens) },
                { key: 'out', head: 'tokens out', num: true, cell: row => count(row.output_tokens) },
                { key: 'cost', head: 'cost', num: true, cell: row => money(row.cost) },
                {
                  key: 'each',
                  head: 'per trial',
                  num: true,
                  cell: row => money(row.trials ? row.cost / row.trials : 0),
                },
                { key: 'busy', head: 'busy', num: true, cell: row => duration(row.busy_us) },
              ]}
            />
          )}
        </Await>
      </Panel>
      <Panel title="Latency" note="of trials that were not answered from the cache">
        <Await query={latency}>
          {rows => (
            <div className="grid-2">
              {rows.map(row => (
                <section key={row.target} className="stack tight">
                  <h3>{row.target}</h3>
                  <dl className="figures">
                    {(
                      [
                        ['p50', row.p50_us],
                        ['p90', row.p90_us],
                        ['p99', row.p99_us],
                        ['max', row.max_us],
                        ['mean', row.mean_us],
                        ['first token p50', row.ttft_p50_us],
                      ] as const
                    ).map(([name, us]) => (
                      <div key={name}>
                        <dt>{name}</dt>
                        <dd>{duration(us)}</dd>
                      </div>
                    ))}
                  </dl>
                  <Bars
                    label={`Latency of ${row.target}`}
                    bars={row.bins.map(bin => ({
                      text: `${duration(bin.lower)} to ${duration(bin.upper)}`,
                      count: bin.count,
                      range: null,
                    }))}
                  />
                </section>
              ))}
            </div>
          )}
        </Await>
      </Panel>
    </>
  );
}
