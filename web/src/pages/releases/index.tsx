import { Link } from 'react-router';
import { usePages } from '../../api/queries';
import type { ReleaseItem } from '../../api/types';
import { stamp } from '../../format/time';
import { Badge } from '../../ui/Badge';
import { Page, Panel } from '../../ui/Page';
import { Empty, ProblemView } from '../../ui/States';
import { Table } from '../../ui/Table';
import { Text } from '../../ui/Text';

/** Every release, newest first. */
export function Component() {
  const list = usePages<ReleaseItem>('/releases', { limit: 50 });
  return (
    <Page title="Releases" sub="What was proposed, and where each stands.">
      {list.error && <ProblemView error={list.error} />}
      {!list.loading && !list.error && (
        <Panel flush>
          <Table
            label="Releases"
            rows={list.items}
            rowKey={item => String(item.number)}
            to={item => `/releases/${item.number}`}
            more={list.more}
            empty={
              <Empty
                title="No release yet"
                command="assay release open 'What changes' --policy chat --kind prompt"
              />
            }
            columns={[
              { key: 'number', head: 'release', num: true, cell: item => item.number },
              {
                key: 'title',
                head: 'what',
                rowHead: true,
                cell: item => (
                  <Link to={`/releases/${item.number}`}>
                    <Text>{item.title}</Text>
                  </Link>
                ),
              },
              {
                key: 'stand',
                head: 'stands',
                cell: item => <Badge>{item.stand.replaceAll('_', ' ')}</Badge>,
              },
              { key: 'risk', head: 'risk', cell: item => item.risk },
              { key: 'changes', head: 'changes', cell: item => item.changes.join(', ') },
              { key: 'policy', head: 'policy', cell: item => <Text>{item.policy}</Text> },
              { key: 'opened', head: 'opened', cell: item => stamp(item.opened_us) },
              { key: 'by', head: 'by', cell: item => <Text>{item.opened_by}</Text> },
            ]}
          />
        </Panel>
      )}
    </Page>
  );
}
