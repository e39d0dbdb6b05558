import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, type Problem } from '../../api/client';
import type { AuditItem, AuditPage, AuditProof, AuditVerified, Checkpoint } from '../../api/audit';
import { useGet, usePages } from '../../api/queries';
import { useFilters } from '../../app/filters';
import { save } from '../../app/save';
import { useMay } from '../../app/session';
import { count } from '../../format/number';
import { Badge, type Tone } from '../../ui/Badge';
import { Dialog } from '../../ui/Overlay';
import { FilterInput } from '../../ui/FilterInput';
import { Page, Panel } from '../../ui/Page';
import { Await, Command, Empty, Loading, ProblemView } from '../../ui/States';
import { Table } from '../../ui/Table';
import { Text } from '../../ui/Text';
import { When } from '../../ui/When';

/** Who changed what, newest first, and whether the log is whole. */
export function Component() {
  const may = useMay('auditor', 'admin');
  if (!may)
    return (
      <Page title="Audit log">
        <Empty title="An auditor or an admin reads it" command="assay audit tail" />
      </Page>
    );
  return <Audit />;
}

function Audit() {
  const [get, set] = useFilters();
  const search = get('search');
  const list = usePages<AuditItem, AuditPage>('/audit', { search, limit: 100 });
  const number = get('proof');
  return (
    <Page
      title="Audit log"
      sub="Who changed what, newest first. Every entry is a leaf of a tree whose root can be signed."
    >
      <State head={list.first?.head ?? null} signed={list.first?.signed ?? null} known={!!list.first} />
      <form className="filters" role="search" onSubmit={event => event.preventDefault()}>
        <FilterInput
          type="search"
          aria-label="Search"
          placeholder="Who, what, to what  /"
          value={search}
          change={search => set({ search })}
        />
      </form>
      {list.error && <ProblemView error={list.error} />}
      {list.loading && <Loading />}
      {!list.loading && !list.error && (
        <Panel flush>
          <Table
            label="Audit log"
            rows={list.items}
            rowKey={item => String(item.number)}
            more={list.more}
            empty={
              list.more ? (
                <div className="empty">
                  <p>Nothing among the newest entries.</p>
                  <button type="button" className="button small" onClick={list.more}>
                    Look further back
                  </button>
                </div>
              ) : (
                <Empty title={search ? 'No entry matches' : 'Nothing was recorded yet'}>
                  Whatever changes something in the workspace is recorded here, by command and by page.
                </Empty>
              )
            }
            columns={[
              { key: 'number', head: 'entry', num: true, cell: item => count(item.number) },
              {
                key: 'at',
                head: 'when',
                cell: item => <When us={Date.parse(item.at) * 1000 || null} full />,
              },
              {
                key: 'by',
                head: 'who',
                cell: item => (
                  <>
                    <Text>{item.by}</Text>
                    {item.acts_as && item.acts_as !== item.by && (
                      <span className="muted small">
                        {' '}
                        as <Text>{item.acts_as}</Text>
                      </span>
                    )}
                  </>
                ),
              },
              { key: 'action', head: 'did', rowHead: true, cell: item => <Text>{item.action}</Text> },
              { key: 'object', head: 'to what', cell: item => <Said of={item.object} /> },
              { key: 'digests', head: 'digests', cell: item => <Digests of={item.digests} /> },
              { key: 'outcome', head: 'outcome', cell: item => <Outcome of={item} /> },
              {
                key: 'proof',
                head: '',
                cell: item => (
                  <button
                    type="button"
                    className="button small"
                    aria-label={`Proof of entry ${item.number}`}
                    onClick={() => set({ proof: String(item.number) }, true)}
                  >
                    Proof
                  </button>
                ),
              },
            ]}
          />
        </Panel>
      )}
      <Dialog
        open={number !== ''}
        close={() => set({ proof: null })}
        title={`Proof of entry ${number}`}
        text="That the entry is in the log: hashed together with the hashes of the path it gives the root of the checkpoint (RFC 6962)."
        wide
      >
        {number !== '' && <Proof number={number} />}
      </Dialog>
    </Page>
  );
}

/** How long the log is, what of it somebody signed, and, when asked, whether every entry and hash holds. */
function State({
  head,
  signed,
  known,
}: {
  head: Checkpoint | null;
  signed: Checkpoint | null;
  known: boolean;
}) {
  const check = useMutation<AuditVerified, Problem>({ mutationFn: () => api.get('/audit/verify') });
  if (!known || !head) return null;
  const beyond = head.size - (signed?.size ?? 0);
  return (
    <Panel
      title="The log as it stands"
      actions={
        <button
          type="button"
          className="button small"
          disabled={check.isPending}
          onClick={() => check.mutate()}
        >
          {check.isPending ? 'Checking…' : 'Check every entry'}
        </button>
      }
    >
      <dl className="facts">
        <dt>log</dt>
        <dd>
          <Text>{head.origin}</Text>
        </dd>
        <dt>entries</dt>
        <dd className="tab">{count(head.size)}</dd>
        <dt>root</dt>
        <dd className="mono">{head.root}</dd>
        <dt>signed checkpoint</dt>
        <dd>
          {signed ? (
            <>
              over {count(signed.size)} entries{' '}
              {beyond > 0 ? (
                <Badge tone="unsure">△ {count(beyond)} came after it</Badge>
              ) : (
                <Badge tone="good">✓ all of them</Badge>
              )}{' '}
              <span className="mono faint" title={signed.root}>
                {signed.root.slice(0, 16)}
              </span>
            </>
          ) : (
            <span className="unsure">
              △ nobody signed one yet: <span className="mono">assay audit checkpoint --key assay.pem</span>
            </span>
          )}
        </dd>
      </dl>
      <div role="status" className="result">
        {check.error && <ProblemView error={check.error} />}
        {check.data?.verified === true && (
          <p className="notice">
            <span className="good strong">✓ whole</span>: {count(check.data.entries ?? 0)} entries and their
            tree hold.
            {check.data.unfinished.length > 0 &&
              ` Entries that began something that nothing ended: ${check.data.unfinished.map(count).join(', ')}.`}
          </p>
        )}
        {check.data?.verified === false && (
          <div className="problem">
            <div className="what">✗ The log is not what was written</div>
            <ul>
              {check.data.faults.map((fault, index) => (
                <li key={index}>
                  <Text>{fault}</Text>
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </Panel>
  );
}

function Said({ of }: { of: Record<string, string> }) {
  return (
    <span className="said">
      {Object.entries(of).map(([key, value]) => (
        <span key={key} className="spaced">
          <span className="faint">
            <Text>{key}</Text>
          </span>{' '}
          <Text>{value}</Text>
        </span>
      ))}
    </span>
  );
}

function Digests({ of }: { of: Record<string, string> }) {
  return (
    <>
      {Object.entries(of).map(([key, value]) => (
        <span key={key} className="spaced nowrap small" title={value}>
          <span className="faint">
            <Text>{key}</Text>
          </span>{' '}
          <span className="mono">
            <Text>{value.slice(0, 12)}</Text>
          </span>
        </span>
      ))}
    </>
  );
}

const OUTCOMES: Record<string, { tone: Tone; sign: string }> = {
  done: { tone: 'good', sign: '✓' },
  failed: { tone: 'bad', sign: '✗' },
  interrupted: { tone: 'unsure', sign: '‖' },
};
function Outcome({ of }: { of: AuditItem }) {
  const { tone, sign } = OUTCOMES[of.outcome] ?? { tone: 'plain', sign: '' };
  return (
    <Badge tone={tone} title={of.began === null ? undefined : `began as entry ${of.began}`}>
      {sign && <span aria-hidden>{sign}</span>} <Text>{of.outcome}</Text>
      {of.exit !== null && of.exit !== 0 && `, exit ${of.exit}`}
    </Badge>
  );
}

function Proof({ number }: { number: string }) {
  const proof = useGet<AuditProof>(`/audit/${encodeURIComponent(number)}/proof`);
  const [taken, setTaken] = useState(false);
  return (
    <Await query={proof}>
      {data => (
        <div className="stack">
          <section>
            <h3 className="muted">entry</h3>
            <div className="text-block">
              <Text>{data.entry}</Text>
            </div>
          </section>
          <section>
            <h3 className="muted">checkpoint</h3>
            <p>
              {data.signed ? (
                <Badge tone="good">✓ signed</Badge>
              ) : (
                <Badge tone="unsure">△ as the log stands; nobody signed it yet</Badge>
              )}{' '}
              <Text>{data.checkpoint.origin}</Text>, {count(data.checkpoint.size)} entries
            </p>
            <p className="mono small wrap">{data.checkpoint.root}</p>
          </section>
          <section>
            <h3 className="muted">path, {data.path.length} hashes</h3>
            <ol className="mono small wrap">
              {data.path.map((hash, index) => (
                <li key={index}>{hash}</li>
              ))}
            </ol>
          </section>
          {data.file === null ? (
            <p className="muted">
              A file to check elsewhere needs a signed checkpoint that reaches this entry:{' '}
              <span className="mono">assay audit checkpoint --key assay.pem</span>.
            </p>
          ) : (
            <>
              <div className="row">
                <button
                  type="button"
                  className="button primary"
                  onClick={() => {
                    save(new Blob([data.file ?? ''], { type: 'text/plain' }), `entry-${data.number}.proof`);
                    setTaken(true);
                  }}
                >
                  {taken ? 'Downloaded' : 'Download the proof'}
                </button>
                <button
                  type="button"
                  className="button"
                  onClick={() => save(new Blob([data.entry]), `entry-${data.number}.json`)}
                >
                  Download the entry
                </button>
                <span className="muted small">They are checked without this server by:</span>
              </div>
              <div>
                <Command>{`assay audit verify --proof entry-${data.number}.proof --entry entry-${data.number}.json --key assay.pub.pem`}</Command>
              </div>
            </>
          )}
        </div>
      )}
    </Await>
  );
}
