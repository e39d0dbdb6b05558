import { Link } from 'react-router';
import { usePages } from '../../api/queries';
import type { ReleaseItem } from '../../api/types';
import { useFilters } from '../../app/filters';
import { useMay } from '../../app/session';
import { Badge, type Tone } from '../../ui/Badge';
import { Page, Panel } from '../../ui/Page';
import { Empty, ProblemView } from '../../ui/States';
import { Table } from '../../ui/Table';
import { Text } from '../../ui/Text';
import { When } from '../../ui/When';
import { Open } from './Open';

/** Every release, newest first. */
export function Component() {
  const list = usePages<ReleaseItem>('/releases', { limit: 50 });
  const may = useMay('engineer');
  const [get, set] = useFilters();
  const opening = get('new');
  return (
    <Page
      title="Releases"
      sub="What was proposed, and where each stands."
      actions={
        <>
          <Link className="button" to="/evidence">
            Check evidence
          </Link>
          {may && (
            <button type="button" className="button primary" onClick={() => set({ new: 'true' }, true)}>
              Open a release…
            </button>
          )}
        </>
      }
    >
      {opening && may && (
        <Open candidate={opening === 'true' ? '' : opening} close={() => set({ new: null })} />
      )}
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
              >
                A release is a change that is proposed, with the policy that it must pass: what must be
                measured, who must agree, and in which steps it goes out.
              </Empty>
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
                cell: item => <Stand of={item.stand} />,
              },
              { key: 'risk', head: 'risk', cell: item => item.risk },
              { key: 'changes', head: 'changes', cell: item => item.changes.join(', ') },
              { key: 'policy', head: 'policy', cell: item => <Text>{item.policy}</Text> },
              { key: 'opened', head: 'opened', cell: item => <When us={item.opened_us || null} /> },
              { key: 'by', head: 'by', cell: item => <Text>{item.opened_by}</Text> },
            ]}
          />
        </Panel>
      )}
    </Page>
  );
}

const TONES: Record<string, Tone> = {
  open: 'accent',
  'rolling out': 'accent',
  shipped: 'good',
  rejected: 'bad',
  'rolled back': 'unsure',
  unreadable: 'bad',
};
function Stand({ of }: { of: string }) {
  return <Badge tone={TONES[of] ?? 'plain'}>{of}</Badge>;
}
