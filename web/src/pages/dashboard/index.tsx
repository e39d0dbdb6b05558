import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { explore, type Chart, type Dashboard, type DashboardView } from '../../api/charts';
import { api, type Problem } from '../../api/client';
import { useGet } from '../../api/queries';
import { useMay } from '../../app/session';
import { Drawn } from '../../charts/Drawn';
import { Page, Panel } from '../../ui/Page';
import { Await, Empty, ProblemView } from '../../ui/States';
import { Text } from '../../ui/Text';
import { When } from '../../ui/When';

/** Charts beside each other; the address shows the same to whoever may look. */
export function Component() {
  const { dashboard: id = '' } = useParams();
  const found = useGet<DashboardView>(`/dashboards/${id}`);
  const crumbs = [
    { to: '/explore', text: 'Explore' },
    { to: '/explore/charts', text: 'Charts' },
  ];
  if (!found.data)
    return (
      <Page title="Dashboard" crumbs={crumbs}>
        <Await query={found}>{() => null}</Await>
      </Page>
    );
  return <Shown key={found.data.dashboard.version} view={found.data} crumbs={crumbs} />;
}

function Shown({ view, crumbs }: { view: DashboardView; crumbs: { to: string; text: string }[] }) {
  const { dashboard, charts } = view;
  const client = useQueryClient();
  const may = useMay('engineer');
  const [editing, setEditing] = useState(charts.length === 0 && may);
  const [name, setName] = useState(dashboard.name);
  const [ids, setIds] = useState(charts.map(of => of.id));
  const all = useGet<Chart[]>('/charts', undefined, { enabled: editing });
  const [copied, setCopied] = useState(false);
  const known = new Map([...charts, ...(all.data ?? [])].map(of => [of.id, of]));
  const path = `/dashboards/${dashboard.id}`;
  const keep = useMutation<Dashboard, Problem>({
    mutationFn: () => api.put(path, { name, charts: ids, version: dashboard.version }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['/dashboards'] });
      return client.invalidateQueries({ queryKey: [path] }).then(() => setEditing(false));
    },
  });
  const stale = keep.error?.status === 409;
  const move = (at: number, by: number) => {
    const next = [...ids];
    const [moved] = next.splice(at, 1);
    if (moved !== undefined) next.splice(at + by, 0, moved);
    setIds(next);
  };
  const shown = (editing ? ids.flatMap(id => known.get(id) ?? []) : charts) satisfies Chart[];
  return (
    <Page
      title={dashboard.name}
      crumbs={crumbs}
      sub={
        <>
          {charts.length} {charts.length === 1 ? 'chart' : 'charts'}, asked anew when the page is opened ·
          changed <When us={dashboard.changed_us} /> by <Text>{dashboard.by}</Text>
        </>
      }
      actions={
        editing ? (
          <>
            <button
              type="button"
              className="button"
              onClick={() => {
                setIds(charts.map(of => of.id));
                setName(dashboard.name);
                keep.reset();
                setEditing(false);
              }}
            >
              Cancel
            </button>
            <button
              type="button"
              className="button primary"
              disabled={keep.isPending || !name.trim()}
              onClick={() => keep.mutate()}
            >
              Keep
            </button>
          </>
        ) : (
          <>
            <button
              type="button"
              className="button"
              onClick={() =>
                void navigator.clipboard?.writeText(window.location.href).then(() => setCopied(true))
              }
            >
              {copied ? 'Address copied' : 'Copy the address'}
            </button>
            {may && (
              <button type="button" className="button" onClick={() => setEditing(true)}>
                Change
              </button>
            )}
          </>
        )
      }
    >
      {keep.error && (
        <ProblemView
          error={keep.error}
          retry={stale ? () => void client.invalidateQueries({ queryKey: [path] }) : undefined}
        />
      )}
      {editing && (
        <Panel title="What is on it">
          <div className="filters">
            <label>
              name
              <input value={name} maxLength={200} onChange={event => setName(event.target.value)} />
            </label>
            <label>
              add
              <select value="" onChange={event => event.target.value && setIds([...ids, event.target.value])}>
                <option value="">choose a chart</option>
                {all.data
                  ?.filter(of => !ids.includes(of.id))
                  .map(of => (
                    <option key={of.id} value={of.id}>
                      {of.name}
                    </option>
                  ))}
              </select>
            </label>
            {all.data?.length === 0 && (
              <span className="muted small">
                There is no saved chart yet: <Link to="/explore">Explore</Link> saves what it shows.
              </span>
            )}
          </div>
        </Panel>
      )}
      {shown.length === 0 && !editing && (
        <Panel>
          <Empty title="No chart is on it">Change it to add charts that were saved in Explore.</Empty>
        </Panel>
      )}
      <div className="grid-2">
        {shown.map((of, index) => (
          <Panel
            key={of.id}
            title={<Text>{of.name}</Text>}
            actions={
              editing ? (
                <>
                  <button
                    type="button"
                    className="button small"
                    aria-label={`Move ${of.name} back`}
                    disabled={index === 0}
                    onClick={() => move(index, -1)}
                  >
                    ←
                  </button>
                  <button
                    type="button"
                    className="button small"
                    aria-label={`Move ${of.name} on`}
                    disabled={index === shown.length - 1}
                    onClick={() => move(index, 1)}
                  >
                    →
                  </button>
                  <button
                    type="button"
                    className="button small danger"
                    onClick={() => setIds(ids.filter(id => id !== of.id))}
                  >
                    Take away
                  </button>
                </>
              ) : (
                <Link className="small" to={explore(of)}>
                  Explore
                </Link>
              )
            }
          >
            <Drawn of={of} />
          </Panel>
        ))}
      </div>
    </Page>
  );
}
