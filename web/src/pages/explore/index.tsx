import { useMutation } from '@tanstack/react-query';
import { useState, type KeyboardEvent } from 'react';
import { api, Problem } from '../../api/client';
import { useGet } from '../../api/queries';
import type { LakeTable, QueryAnswer } from '../../api/types';
import { useFilters } from '../../app/filters';
import { count } from '../../format/number';
import { readable } from '../../format/text';
import { Page, Panel } from '../../ui/Page';
import { Await, Empty, ProblemView } from '../../ui/States';
import { Table } from '../../ui/Table';
import { Text } from '../../ui/Text';

const FIRST =
  'select suite, target, count(*) as trials from trials group by suite, target order by trials desc';

/** SQL over the tables of trials and scores. The query is in the address, so that it can be sent to somebody. */
export function Component() {
  const [get, set] = useFilters();
  const [sql, setSql] = useState(get('sql') || FIRST);
  const tables = useGet<LakeTable[]>('/tables');
  const answer = useMutation<QueryAnswer, Problem>({
    mutationFn: () => api.post('/query', { sql, limit: 1000 }),
  });
  const run = () => {
    set({ sql });
    answer.mutate();
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
          <button type="button" className="button primary small" disabled={answer.isPending} onClick={run}>
            Run
          </button>
        }
      >
        <textarea
          className="mono sql"
          aria-label="SQL"
          rows={6}
          spellCheck={false}
          value={sql}
          onChange={event => setSql(event.target.value)}
          onKeyDown={press}
        />
      </Panel>
      {answer.error && <ProblemView error={answer.error} />}
      {answer.data && (
        <Panel
          title={`${count(answer.data.rows.length)} rows`}
          note={`${answer.data.elapsed_ms} ms${answer.data.truncated ? ' · cut off at the limit' : ''}`}
          flush
        >
          <Table
            label="Result"
            rows={answer.data.rows}
            rowKey={(_, index) => String(index)}
            empty={<Empty title="No row" />}
            columns={answer.data.columns.map((column, index) => ({
              key: column.name,
              head: <span title={column.type}>{column.name}</span>,
              num: /int|float|decimal/i.test(column.type),
              cell: (row: unknown[]) => <Text>{readable(row[index])}</Text>,
            }))}
          />
        </Panel>
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
