import { useQuery } from '@tanstack/react-query';
import { useState, type KeyboardEvent } from 'react';
import { api, Problem } from '../../api/client';
import { useGet } from '../../api/queries';
import type { LakeTable, QueryAnswer } from '../../api/types';
import { useFilters } from '../../app/filters';
import { count } from '../../format/number';
import { readable } from '../../format/text';
import { Page, Panel } from '../../ui/Page';
import { Await, Empty, Loading, ProblemView } from '../../ui/States';
import { Table } from '../../ui/Table';
import { Text } from '../../ui/Text';
import { Chart } from './Chart';
import { Downloads } from './Downloads';

const FIRST =
  'select suite, target, count(*) as trials from trials group by suite, target order by trials desc';
/** Rows that the page shows; files have all. */
const ROWS = 1000;

/** SQL over the tables of trials and scores. The query and its picture are in the address, so that they can be sent to somebody. */
export function Component() {
  const [get, set] = useFilters();
  const asked = get('sql');
  const [sql, setSql] = useState(asked || FIRST);
  // Back and forward bring another query.
  const [seen, setSeen] = useState(asked);
  if (asked !== seen) {
    setSeen(asked);
    setSql(asked || FIRST);
  }
  const tables = useGet<LakeTable[]>('/tables');
  const answer = useQuery<QueryAnswer, Problem>({
    queryKey: ['/query', asked],
    queryFn: () => api.post('/query', { sql: asked, limit: ROWS }),
    enabled: !!asked,
    refetchOnWindowFocus: false,
  });
  const run = () => {
    if (sql === asked) void answer.refetch();
    else set({ sql }, true);
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      run();
    }
  };
  return (
    <Page title="Explore" sub="SQL over every trial and score of the workspace.">
      <Panel
        title="Query"
        note="Ctrl+Enter runs it"
        actions={
          <button
            type="button"
            className="button primary small"
            disabled={answer.isFetching || !sql.trim()}
            onClick={run}
          >
            Run
          </button>
        }
      >
        <textarea
          className="mono sql"
          aria-label="SQL"
          rows={Math.min(16, Math.max(4, sql.split('\n').length + 1))}
          spellCheck={false}
          value={sql}
          onChange={event => setSql(event.target.value)}
          onKeyDown={press}
        />
      </Panel>
      {answer.isFetching && !answer.data && <Loading what="Asking the tables" />}
      {answer.error && <ProblemView error={answer.error} />}
      {answer.data && !answer.error && (
        <>
          <Chart answer={answer.data} />
          <Panel
            title={`${count(answer.data.rows.length)} ${answer.data.rows.length === 1 ? 'row' : 'rows'}`}
            note={`${answer.data.elapsed_ms} ms${answer.data.truncated ? ` · the first ${count(ROWS)}; a file has all` : ''}`}
            actions={<Downloads sql={asked} />}
            flush
          >
            <Table
              label="Result"
              rows={answer.data.rows}
              rowKey={(_, index) => String(index)}
              empty={<Empty title="No row" />}
              columns={answer.data.columns.map((column, index) => ({
                key: `${index} ${column.name}`,
                head: <span title={column.type}>{column.name}</span>,
                num: /int|float|decimal/i.test(column.type),
                cell: (row: unknown[]) => <Cell value={row[index]} />,
              }))}
            />
          </Panel>
        </>
      )}
      <Panel title="Tables">
        <Await query={tables}>
          {list => (
            <dl className="facts">
              {list.map(table => (
                <div key={table.table} style={{ display: 'contents' }}>
                  <dt className="mono">{table.table}</dt>
                  <dd className="mono muted">{table.columns.map(c => c.name).join(', ')}</dd>
                </div>
              ))}
            </dl>
          )}
        </Await>
      </Panel>
    </Page>
  );
}

/** As much of a value as a row of a table bears. */
const CUT = 300;

function Cell({ value }: { value: unknown }) {
  if (value === null || value === undefined) return <span className="faint">null</span>;
  const text = typeof value === 'object' ? JSON.stringify(value) : readable(value);
  return <Text>{text.length > CUT ? `${text.slice(0, CUT)}…` : text}</Text>;
}
