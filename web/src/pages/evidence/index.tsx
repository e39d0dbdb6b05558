import { useMutation } from '@tanstack/react-query';
import { useState, type DragEvent, type FormEvent } from 'react';
import { Link } from 'react-router';
import type { Problem } from '../../api/client';
import { verify, type EvidenceKey, type Verified } from '../../api/evidence';
import { useGet } from '../../api/queries';
import { count } from '../../format/number';
import { Verdict } from '../../ui/Badge';
import { Field } from '../../ui/Form';
import { Page, Panel } from '../../ui/Page';
import { Await, Command, ProblemView } from '../../ui/States';
import { Text } from '../../ui/Text';
import type { VerdictKind } from '../../api/types';

/** Checks an evidence pack: its signature, every row, and the verdict computed anew. */
export function Component() {
  const key = useGet<EvidenceKey | null>('/evidence/key');
  const [file, setFile] = useState<File | null>(null);
  const [whose, setWhose] = useState<'server' | 'other'>('server');
  const [pem, setPem] = useState('');
  const other = whose === 'other' || key.data === null;
  const check = useMutation<Verified, Problem, File>({
    mutationFn: pack => verify(pack, other ? pem : ''),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (file) check.mutate(file);
  };
  const choose = (chosen: File | undefined) => {
    if (!chosen) return;
    check.reset();
    setFile(chosen);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    choose(event.dataTransfer.files[0]);
  };
  return (
    <Page
      title="Check evidence"
      crumbs={[{ to: '/releases', text: 'Releases' }]}
      sub="A pack is checked without the workspace that it comes from: its signature, every row, and the verdict computed anew."
    >
      <Panel title="The pack">
        <form className="stack" onSubmit={submit} onDrop={drop} onDragOver={event => event.preventDefault()}>
          <Field
            label="File"
            hint="A .assay-evidence file, or a disclosed part of one; it can be dropped here."
          >
            {ids => (
              <input
                {...ids}
                type="file"
                required={!file}
                accept=".assay-evidence,application/x-tar"
                onChange={event => choose(event.target.files?.[0])}
              />
            )}
          </Field>
          {file && (
            <p className="small muted">
              <Text>{file.name}</Text>, {count(file.size)} bytes
            </p>
          )}
          <fieldset className="checks">
            <legend>Signed with</legend>
            {key.data && (
              <label>
                <input type="radio" name="key" checked={!other} onChange={() => setWhose('server')} /> this
                server's key <span className="mono muted">{key.data.id.slice(0, 16)}</span>
              </label>
            )}
            <label>
              <input type="radio" name="key" checked={other} onChange={() => setWhose('other')} /> another key
            </label>
          </fieldset>
          {other && (
            <Field label="Public key" hint="As a PEM file; from somebody whom you trust, not from the pack.">
              {ids => (
                <textarea
                  {...ids}
                  className="mono"
                  required
                  rows={4}
                  placeholder="-----BEGIN PUBLIC KEY-----"
                  value={pem}
                  onChange={event => setPem(event.target.value)}
                />
              )}
            </Field>
          )}
          <div>
            <button className="button primary" disabled={check.isPending || !file}>
              {check.isPending ? 'Checking…' : 'Check'}
            </button>
          </div>
        </form>
        <div role="status" className="result">
          {check.error && <ProblemView error={check.error} />}
          {check.data && file && <Found found={check.data} name={file.name} />}
        </div>
      </Panel>
      <Panel title="This server's key">
        <Await query={key}>
          {known =>
            known ? (
              <div className="stack tight">
                <p className="muted">
                  Give it to whoever checks packs of this server: <span className="mono">{known.id}</span>
                </p>
                <pre className="text-block">{known.pem}</pre>
                <p className="muted small">Elsewhere, without this server:</p>
                <div>
                  <Command>assay evidence verify PACK.assay-evidence --key assay.pub.pem</Command>
                </div>
              </div>
            ) : (
              <div className="stack tight">
                <p className="muted">It has none: packs that it builds need one to be signed with.</p>
                <div>
                  <Command>assay serve --key assay.pem</Command>
                </div>
              </div>
            )
          }
        </Await>
      </Panel>
    </Page>
  );
}

function Found({ found, name }: { found: Verified; name: string }) {
  if (!found.verified)
    return (
      <div className="problem" role="alert">
        <div className="what">
          ✗ <Text>{name}</Text> does not hold
        </div>
        <ul>
          {found.faults.map((fault, index) => (
            <li key={index}>
              <Text>{fault}</Text>
            </li>
          ))}
        </ul>
      </div>
    );
  return (
    <div className="notice stack tight">
      <div className="good strong">
        ✓ <Text>{name}</Text> holds
      </div>
      <dl className="facts">
        {found.verdict !== undefined && (
          <>
            <dt>verdict, computed anew</dt>
            <dd>
              <Verdict kind={found.verdict as VerdictKind | null} />
            </dd>
          </>
        )}
        {found.run && (
          <>
            <dt>run</dt>
            <dd>
              <Text>{found.run.suite}</Text>{' '}
              <Link className="mono" to={`/runs/${encodeURIComponent(found.run.id)}`}>
                <Text>{found.run.id}</Text>
              </Link>
            </dd>
          </>
        )}
        <dt>rows</dt>
        <dd>
          {count(found.trials)} trials, {count(found.scores)} scores
        </dd>
        <dt>content</dt>
        <dd>
          {found.content === null
            ? 'left out: the pack holds commitments to it'
            : `${count(found.content)} pieces fit their commitments`}
        </dd>
        {found.built_at && (
          <>
            <dt>built</dt>
            <dd>
              <Text>{found.built_at}</Text>
            </dd>
          </>
        )}
      </dl>
    </div>
  );
}
