import { Link } from 'react-router';
import { useGet } from '../../api/queries';
import type { RaterState, ReviewProjectItem } from '../../api/review';
import { useSession } from '../../app/session';
import { count } from '../../format/number';
import { Badge, type Tone } from '../../ui/Badge';
import { Page, Panel } from '../../ui/Page';
import { Await, Empty } from '../../ui/States';
import { Table, type Column } from '../../ui/Table';
import { Text } from '../../ui/Text';
import { When } from '../../ui/When';

const to = (item: ReviewProjectItem) => `/review/${encodeURIComponent(item.name)}`;

/** Projects of human review, and where one stands in each. */
export function Component() {
  const projects = useGet<ReviewProjectItem[]>('/review/projects');
  const roles = useSession().user?.roles ?? [];
  const columns: Column<ReviewProjectItem>[] = [
    {
      key: 'name',
      head: 'project',
      rowHead: true,
      cell: item => (
        <Link to={to(item)}>
          <Text>{item.name}</Text>
        </Link>
      ),
    },
    {
      key: 'title',
      head: 'rubric',
      cell: item => (
        <span className="row tight">
          <Text>{item.title}</Text> {item.pairwise && <Badge>pairs</Badge>}
        </span>
      ),
    },
    {
      key: 'done',
      head: 'ratings',
      cell: item => (
        <span className="row tight nowrap">
          <progress
            value={item.accepted}
            max={Math.max(1, item.wanted)}
            aria-label={`${item.accepted} of ${item.wanted} ratings`}
          />
          <span className="tab small">
            {count(item.accepted)} of {count(item.wanted)}
          </span>
        </span>
      ),
    },
    {
      key: 'items',
      head: 'items complete',
      num: true,
      cell: item => `${count(item.complete)} of ${count(item.items)}`,
    },
    { key: 'raters', head: 'raters', num: true, cell: item => count(item.raters) },
    ...(roles.includes('rater')
      ? [{ key: 'mine', head: 'yours', cell: (item: ReviewProjectItem) => <Mine item={item} /> }]
      : []),
    { key: 'made', head: 'made', cell: item => <When us={item.created_us} /> },
  ];
  return (
    <Page title="Review" sub="What people say of answers, without knowing whose they are.">
      <Await query={projects}>
        {data => (
          <Panel flush>
            <Table
              label="Projects"
              rows={data}
              rowKey={item => item.name}
              to={to}
              columns={columns}
              empty={
                <Empty
                  title="No project yet"
                  command="assay review create support --rubric answers.rubric.yaml --run latest --count 30"
                >
                  A project draws answers of a run and asks people about them. The page of a complete run
                  makes one: “Use it”, “For people to rate…”; or the command, with a rubric file.
                </Empty>
              }
            />
          </Panel>
        )}
      </Await>
    </Page>
  );
}

const STATES: Record<RaterState, [Tone, string]> = {
  new: ['unsure', 'quiz to pass'],
  active: ['good', 'rating'],
  suspended: ['bad', 'suspended'],
  failed: ['bad', 'quiz not passed'],
};

export function State({ state, why }: { state: RaterState; why?: string | null }) {
  const [tone, text] = STATES[state];
  return (
    <Badge tone={tone} title={why ?? undefined}>
      {text}
    </Badge>
  );
}

function Mine({ item: { mine } }: { item: ReviewProjectItem }) {
  if (!mine) return <span className="faint">not joined</span>;
  return (
    <span className="row tight nowrap">
      <State {...mine} />
      <span className="tab small">
        {count(mine.place.rated)} of {count(mine.place.of)}
      </span>
    </span>
  );
}
