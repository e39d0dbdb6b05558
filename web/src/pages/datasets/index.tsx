import { Link } from 'react-router';
import type { DatasetItem } from '../../api/datasets';
import { usePages } from '../../api/queries';
import { useFilters } from '../../app/filters';
import { useMay } from '../../app/session';
import { count } from '../../format/number';
import { Badge } from '../../ui/Badge';
import { FilterInput } from '../../ui/FilterInput';
import { Page, Panel } from '../../ui/Page';
import { Empty, Loading, ProblemView } from '../../ui/States';
import { Table } from '../../ui/Table';
import { Text } from '../../ui/Text';
import { When } from '../../ui/When';
import { Import } from './import';

/** Every stored dataset: how far it is, what of it is sealed, and what waits. */
export function Component() {
  const [get, set] = useFilters();
  const list = usePages<DatasetItem>('/datasets', { search: get('search'), limit: 50 });
  const may = useMay('engineer');
  const ask = (
    <button type="button" className="button primary" onClick={() => set({ import: 'true' }, true)}>
      Import…
    </button>
  );
  const to = (item: DatasetItem) => `/datasets/${encodeURIComponent(item.name)}`;
  return (
    <Page
      title="Datasets"
      sub="Cases in versions that nobody can change; everything that is done to them is on record."
      actions={may && (list.items.length > 0 || get('search') !== '') && ask}
    >
      {may && get('import') === 'true' && <Import close={() => set({ import: null })} />}
      <form className="filters" role="search" onSubmit={event => event.preventDefault()}>
        <FilterInput
          type="search"
          aria-label="Search"
          placeholder="Name, owner or description  /"
          value={get('search')}
          change={search => set({ search })}
        />
      </form>
      {list.error && <ProblemView error={list.error} />}
      {list.loading && <Loading />}
      {!list.loading && !list.error && (
        <Panel flush>
          <Table
            label="Datasets"
            rows={list.items}
            rowKey={item => item.name}
            to={to}
            more={list.more}
            empty={
              get('search') ? (
                <Empty title="No dataset matches" />
              ) : (
                <Empty
                  title="No stored dataset yet"
                  action={may && ask}
                  command="assay dataset add qa cases.jsonl --expected answer"
                >
                  A suite can read cases from any file. Stored ones have versions, parts that stay sealed, and
                  a record of who did what. A table is imported here or by the command, in the project folder;
                  so is what promptfoo, Inspect, DeepEval, Ragas and others wrote, their runs included.
                </Empty>
              )
            }
            columns={[
              {
                key: 'name',
                head: 'dataset',
                rowHead: true,
                cell: item => (
                  <>
                    <Link to={to(item)}>
                      <Text>{item.name}</Text>
                    </Link>
                    {item.unreadable && (
                      <div className="bad small">
                        ✗ <Text>{item.unreadable}</Text>
                      </div>
                    )}
                  </>
                ),
              },
              {
                key: 'version',
                head: 'newest',
                num: true,
                cell: item => (item.version === null ? '–' : `@${item.version}`),
              },
              { key: 'cases', head: 'cases', num: true, cell: item => count(item.cases) },
              {
                key: 'tags',
                head: 'tags',
                cell: item => <Tags of={item.tags} />,
              },
              { key: 'parts', head: 'parts', cell: item => <Parts of={item} /> },
              {
                key: 'waits',
                head: 'waits',
                num: true,
                cell: item =>
                  item.quarantine > 0 ? (
                    <Link to={`${to(item)}/quarantine`}>{count(item.quarantine)}</Link>
                  ) : (
                    <span className="faint">0</span>
                  ),
              },
              {
                key: 'owner',
                head: 'owner',
                cell: item => <Text>{item.governance.owner ?? ''}</Text>,
              },
              {
                key: 'governance',
                head: 'use',
                cell: ({ governance, expired }) => (
                  <span className="row tight">
                    {expired && <Badge tone="bad">✗ its last day is over</Badge>}
                    {governance.sensitivity && <Badge>{governance.sensitivity}</Badge>}
                    {governance.licence && (
                      <span className="muted small">
                        <Text>{governance.licence}</Text>
                      </span>
                    )}
                  </span>
                ),
              },
              { key: 'changed', head: 'changed', cell: item => <When us={item.changed_us || null} /> },
            ]}
          />
        </Panel>
      )}
    </Page>
  );
}

const Tags = ({ of }: { of: Record<string, number> }) => (
  <span className="row tight">
    {Object.entries(of).map(([tag, number]) => (
      <Badge key={tag} tone="accent">
        <Text>{tag}</Text>@{number}
      </Badge>
    ))}
  </span>
);

function Parts({ of }: { of: DatasetItem }) {
  return (
    <span className="row tight">
      {of.parts.map(part => (
        <Badge
          key={part.name}
          tone={part.locked ? 'bad' : 'plain'}
          title={
            part.budget === null
              ? undefined
              : `sealed: ${part.looks} of ${part.budget} looks at the newest version`
          }
        >
          {part.sealed && <span aria-hidden>▣ </span>}
          <Text>{part.name}</Text>
          {part.budget !== null && ` ${part.looks}/${part.budget}`}
        </Badge>
      ))}
    </span>
  );
}
