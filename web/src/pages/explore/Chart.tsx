import { numeric, Plot, type Drawn, type Kind } from '../../charts/Plot';
import type { QueryAnswer } from '../../api/types';
import { useFilters } from '../../app/filters';
import { Panel } from '../../ui/Page';

const KINDS = ['table', 'bar', 'line', 'scatter'] as const;

/** What a chart is when its address does not say: the first column that is no number along, the first number up. */
function usual(answer: QueryAnswer): { x: string; y: string } {
  const words = answer.columns.filter(column => !numeric(column));
  const numbers = answer.columns.filter(numeric);
  const y = numbers.at(-1)?.name ?? '';
  return { x: words[0]?.name ?? numbers.find(column => column.name !== y)?.name ?? y, y };
}

/** The answer of a query as a picture. Its kind and columns are in the address (`kind`, `x`, `y`, `colour`, beside `sql`), which is
 * all that it takes to keep a chart and to open it again. */
export function Chart({ answer }: { answer: QueryAnswer }) {
  const [get, set] = useFilters();
  const kind = KINDS.find(word => word === get('kind')) ?? 'table';
  const has = (name: string) => answer.columns.some(column => column.name === name);
  const first = usual(answer);
  const chosen = {
    x: has(get('x')) ? get('x') : first.x,
    y: has(get('y')) ? get('y') : first.y,
    colour: has(get('colour')) ? get('colour') : '',
  };
  const choice = (name: 'x' | 'y' | 'colour', names: string[], none?: string) => (
    <label>
      {name}
      <select value={chosen[name]} onChange={event => set({ [name]: event.target.value })}>
        {none !== undefined && <option value="">{none}</option>}
        {names.map(word => (
          <option key={word}>{word}</option>
        ))}
      </select>
    </label>
  );
  const all = [...new Set(answer.columns.map(column => column.name))];
  const numbers = answer.columns.filter(numeric).map(column => column.name);
  const of: Drawn | null = kind === 'table' ? null : { kind: kind satisfies Kind, ...chosen };
  return (
    <Panel
      title="Chart"
      actions={
        <div className="filters">
          <label>
            kind
            <select
              value={kind}
              onChange={event => set({ kind: event.target.value === 'table' ? null : event.target.value })}
            >
              {KINDS.map(word => (
                <option key={word}>{word}</option>
              ))}
            </select>
          </label>
          {of && choice('x', all)}
          {of && choice('y', numbers)}
          {of && choice('colour', all, 'none')}
        </div>
      }
    >
      {of ? (
        <Plot columns={answer.columns} rows={answer.rows} of={of} />
      ) : (
        <p className="muted small">The table below. Choose another kind to see it as a picture.</p>
      )}
    </Panel>
  );
}
