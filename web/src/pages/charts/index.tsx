import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { explore, type Chart, type Dashboard } from '../../api/charts';
import { api } from '../../api/client';
import { useGet } from '../../api/queries';
import { useMay } from '../../app/session';
import { DialogForm, Field } from '../../ui/Form';
import { Page, Panel } from '../../ui/Page';
import { Await, Empty } from '../../ui/States';
import { Text } from '../../ui/Text';
import { When } from '../../ui/When';

type Doing =
  { what: 'new' } | { what: 'chart'; chart: Chart } | { what: 'dashboard'; dashboard: Dashboard } | null;

/** Charts that were saved, and the dashboards that they are put on. */
export function Component() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const charts = useGet<Chart[]>('/charts');
  const dashboards = useGet<Dashboard[]>('/dashboards');
  const may = useMay('engineer');
  const [doing, setDoing] = useState<Doing>(null);
  const [name, setName] = useState('');
  const close = () => setDoing(null);
  const again = () => {
    void client.invalidateQueries({ queryKey: ['/charts'] });
    void client.invalidateQueries({ queryKey: ['/dashboards'] });
    close();
  };
  const remove = (what: Doing) => (
    <button type="button" className="button small danger" onClick={() => setDoing(what)}>
      Remove…
    </button>
  );
  return (
    <Page
      title="Charts"
      crumbs={[{ to: '/explore', text: 'Explore' }]}
      sub="Queries that were saved with their picture, and dashboards of several."
      actions={
        may && (
          <button type="button" className="button primary" onClick={() => setDoing({ what: 'new' })}>
            New dashboard…
          </button>
        )
      }
    >
      <Panel title="Dashboards" flush>
        <Await query={dashboards}>
          {list =>
            list.length === 0 ? (
              <Empty title="No dashboard yet">
                Charts beside each other, under an address that can be sent to somebody.
              </Empty>
            ) : (
              <table className="table" aria-label="Dashboards">
                <tbody>
                  {list.map(of => (
                    <tr key={of.id}>
                      <th scope="row">
                        <Link to={`/dashboards/${of.id}`}>
                          <Text>{of.name}</Text>
                        </Link>
                      </th>
                      <td>
                        {of.charts.length} {of.charts.length === 1 ? 'chart' : 'charts'}
                      </td>
                      <td className="muted">
                        <When us={of.changed_us} /> by <Text>{of.by}</Text>
                      </td>
                      <td className="acts">{may && remove({ what: 'dashboard', dashboard: of })}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )
          }
        </Await>
      </Panel>
      <Panel title="Charts" flush>
        <Await query={charts}>
          {list =>
            list.length === 0 ? (
              <Empty title="No chart yet">
                Ask something in <Link to="/explore">Explore</Link>, choose how it is drawn, and save it.
              </Empty>
            ) : (
              <table className="table" aria-label="Charts">
                <tbody>
                  {list.map(of => (
                    <tr key={of.id}>
                      <th scope="row">
                        <Link to={explore(of)}>
                          <Text>{of.name}</Text>
                        </Link>
                      </th>
                      <td>{of.kind}</td>
                      <td className="mono small">
                        <div className="two-lines">
                          <Text>{of.sql}</Text>
                        </div>
                      </td>
                      <td className="muted">
                        <When us={of.changed_us} /> by <Text>{of.by}</Text>
                      </td>
                      <td className="acts">{may && remove({ what: 'chart', chart: of })}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )
          }
        </Await>
      </Panel>
      {doing?.what === 'new' && (
        <DialogForm<Dashboard>
          open
          close={close}
          title="New dashboard"
          verb="Make it"
          act={() => api.post('/dashboards', { name, charts: [] })}
          done={made => {
            void client.invalidateQueries({ queryKey: ['/dashboards'] });
            void navigate(`/dashboards/${made.id}`);
          }}
        >
          <Field label="Name">
            {ids => (
              <input
                {...ids}
                required
                maxLength={200}
                value={name}
                onChange={event => setName(event.target.value)}
              />
            )}
          </Field>
        </DialogForm>
      )}
      {doing?.what === 'chart' && (
        <DialogForm
          open
          close={close}
          title={`Remove the chart ${doing.chart.name}`}
          text="It leaves the dashboards that it is on, too."
          verb="Remove"
          danger
          act={() => api.delete(`/charts/${doing.chart.id}?version=${doing.chart.version}`)}
          done={again}
        >
          {null}
        </DialogForm>
      )}
      {doing?.what === 'dashboard' && (
        <DialogForm
          open
          close={close}
          title={`Remove the dashboard ${doing.dashboard.name}`}
          text="Its charts stay."
          verb="Remove"
          danger
          act={() => api.delete(`/dashboards/${doing.dashboard.id}?version=${doing.dashboard.version}`)}
          done={again}
        >
          {null}
        </DialogForm>
      )}
    </Page>
  );
}
