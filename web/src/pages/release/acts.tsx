import { useState, type ReactNode } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import type { Problem } from '../../api/client';
import { act, person, words, type Act, type Block, type Release } from '../../api/release';
import { useMay, useSession } from '../../app/session';
import { percent } from '../../format/number';
import { Badge } from '../../ui/Badge';
import { DialogForm, Field } from '../../ui/Form';
import { Said, Text } from '../../ui/Text';

/** What somebody is about to do, and to what of the release. */
export interface Wanted {
  act: Act;
  /** The rule to waive, or the document to attach. */
  of?: string;
}

/** What this person may do to this release now; the rest with who may. The server decides again. */
export function useActs(release: Release): { offered: Act[]; others: string[] } {
  const { user, mode } = useSession();
  const me = user?.name ?? '';
  const [engineer, approver] = [useMay('engineer'), useMay('approver')];
  const author = release.authors.includes(person(me));
  const { stand } = release;
  const over = stand === 'rolled_back';
  const offered: Act[] = [];
  const others: string[] = [];
  if (over) return { offered, others: ['It was rolled back: a new release says what comes next.'] };
  if (engineer) {
    offered.push('evaluate');
    if (release.documents.length > 0) offered.push('attach');
  } else others.push('An engineer evaluates it and attaches documents.');
  if (approver) {
    if (author) {
      others.push('You are an author of the change: somebody else agrees to it and waives rules.');
      if (mode === 'local') others.push('Others log in where the server runs as assay serve --team.');
    } else {
      if (stand !== 'shipped') offered.push('approve');
      offered.push('waive');
    }
    if (stand !== 'shipped') offered.push('reject', 'ship');
    if (stand === 'shipped' || stand === 'rolling_out') offered.push('rollback');
  } else others.push('An approver agrees to it, rejects it, waives rules, ships it and takes it back.');
  return { offered, others };
}

/** What no more evidence lifts. */
const GRAVE = ['failed', 'rejected', 'over'];

/** What holds a release up, in words. */
export function Blocks({ blocks, waive }: { blocks: Block[]; waive?: (rule: string) => void }) {
  return (
    <ul className="blocks">
      {blocks.map((block, index) => (
        <li key={index}>
          <Badge tone={GRAVE.includes(block.why) ? 'bad' : 'unsure'}>{words(block.why)}</Badge>
          <span className="grow">
            {block.rule && (
              <span className="mono muted">
                <Text>{block.rule}</Text>{' '}
              </span>
            )}
            <Said>{block.text}</Said>
          </span>
          {waive && block.rule && (
            <button type="button" className="button small" onClick={() => waive(block.rule ?? '')}>
              Waive…
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/** The rules and documents that could be waived, those that hold the release up first. */
function waivable(release: Release): { rule: string; name: string }[] {
  const held = release.blocks.flatMap(({ rule, text }) => (rule ? [{ rule, name: text }] : []));
  const other = (release.evaluation?.verdicts ?? [])
    .flatMap(verdict => verdict.findings)
    .filter(finding => finding.kind !== 'pass' && !held.some(block => block.rule === finding.rule))
    .map(({ rule, name }) => ({ rule, name }));
  return [...held, ...other];
}

/** The dialog of one act. */
export function ActDialog({
  release,
  wanted,
  close,
}: {
  release: Release;
  wanted: Wanted;
  close: () => void;
}) {
  const client = useQueryClient();
  const rules = waivable(release);
  const [said, setSaid] = useState<Record<string, string>>({
    rule: wanted.of ?? rules[0]?.rule ?? '',
    document: wanted.of ?? release.documents[0]?.id ?? '',
    until: inDays(14),
  });
  const [emergency, setEmergency] = useState(false);
  const path = `/releases/${release.release}`;
  const look = () => client.invalidateQueries({ queryKey: [path] }).then(close);
  const text = (name: string, label: string, options: { hint?: ReactNode; rows?: number } = {}) => (
    <Field label={label} hint={options.hint}>
      {ids =>
        options.rows ? (
          <textarea
            {...ids}
            required
            rows={options.rows}
            value={said[name] ?? ''}
            onChange={event => setSaid({ ...said, [name]: event.target.value })}
          />
        ) : (
          <input
            {...ids}
            required
            value={said[name] ?? ''}
            onChange={event => setSaid({ ...said, [name]: event.target.value })}
          />
        )
      }
    </Field>
  );
  const reason = text('reason', 'Why', { rows: 3, hint: 'It is recorded with your name, for ever.' });
  const next = release.stages[release.next_stage];
  const step = next ? `${next.name}, ${percent(next.share)} of users` : 'everybody';
  const body = (): Record<string, unknown> => {
    switch (wanted.act) {
      case 'evaluate':
        return { runs: (said.runs ?? '').split(/[\s,]+/).filter(Boolean) };
      case 'attach':
        return { document: said.document, reference: said.reference };
      case 'waive': {
        const { rule, until, owner, follow_up, reason } = said;
        return { rule, until, owner, follow_up, reason };
      }
      case 'ship':
        return { reason: said.reason, emergency };
      default:
        return { reason: said.reason };
    }
  };
  const forms: Record<
    Act,
    { title: string; verb: string; text: ReactNode; danger?: boolean; fields: ReactNode }
  > = {
    evaluate: {
      title: 'Evaluate',
      verb: 'Evaluate',
      text: 'Reads the policy off stored runs: the newest complete run of each suite that it requires. Approvals that were given before are void afterwards.',
      fields: (
        <Field
          label="These runs instead (optional)"
          hint="Endings of run ids, with spaces between them. Another run of the same candidate is another attempt, as far as the policy allows attempts."
        >
          {ids => (
            <input
              {...ids}
              className="mono"
              value={said.runs ?? ''}
              onChange={event => setSaid({ ...said, runs: event.target.value })}
            />
          )}
        </Field>
      ),
    },
    attach: {
      title: 'Attach a document',
      verb: 'Attach',
      text: 'A file is attached as it is now: if it changes later, it no longer counts.',
      fields: (
        <>
          <Field label="Document">
            {ids => (
              <select
                {...ids}
                value={said.document}
                onChange={event => setSaid({ ...said, document: event.target.value })}
              >
                {release.documents.map(({ id, what }) => (
                  <option key={id} value={id}>
                    {id}: {what}
                  </option>
                ))}
              </select>
            )}
          </Field>
          {text('reference', 'File or address', {
            hint: 'A file of the project, such as docs/red-team.md, or an address with ://.',
          })}
        </>
      ),
    },
    approve: {
      title: 'Approve',
      verb: 'Approve',
      text: 'You agree to the release as it stands. Whatever changes later needs a new approval.',
      fields: reason,
    },
    reject: {
      title: 'Reject',
      verb: 'Reject',
      danger: true,
      text: 'You disagree with the release as it stands. It is held up until something changes.',
      fields: reason,
    },
    waive: {
      title: 'Waive a rule',
      verb: 'Waive',
      text: 'The rule does not hold the release up until a day. Somebody owns what is done about it.',
      fields: (
        <>
          <Field label="Rule">
            {ids =>
              rules.length > 0 ? (
                <select
                  {...ids}
                  value={said.rule}
                  onChange={event => setSaid({ ...said, rule: event.target.value })}
                >
                  {rules.map(({ rule, name }) => (
                    <option key={rule} value={rule}>
                      {rule}: {name}
                    </option>
                  ))}
                </select>
              ) : (
                <input
                  {...ids}
                  required
                  className="mono"
                  value={said.rule}
                  onChange={event => setSaid({ ...said, rule: event.target.value })}
                />
              )
            }
          </Field>
          <Field label="Until" hint="The last day on which it holds (UTC); the policy says how long at most.">
            {ids => (
              <input
                {...ids}
                type="date"
                required
                min={inDays(0)}
                value={said.until}
                onChange={event => setSaid({ ...said, until: event.target.value })}
              />
            )}
          </Field>
          {text('owner', 'Who sees to the follow-up')}
          {text('follow_up', 'What will be done')}
          {reason}
        </>
      ),
    },
    ship: {
      title: `Ship to ${step}`,
      verb: emergency ? 'Ship in emergency' : 'Ship',
      danger: emergency,
      text: 'Records that the change goes out to the next stage of its rollout.',
      fields: (
        <>
          {release.blocks.length > 0 && (
            <p className="notice unsure">
              △ {release.blocks.length === 1 ? 'One thing holds' : `${release.blocks.length} things hold`} it
              up at the moment: shipping is refused as long as that is so.
            </p>
          )}
          {reason}
          <label>
            <input
              type="checkbox"
              checked={emergency}
              onChange={event => setEmergency(event.target.checked)}
            />{' '}
            In an emergency: pass over what is missing, as far as the policy lets people decide so
          </label>
          {emergency && (
            <p className="bad small">
              What was passed over is recorded for ever, and the evidence is owed by a day that the policy
              sets.
            </p>
          )}
        </>
      ),
    },
    rollback: {
      title: 'Roll back',
      verb: 'Roll back',
      danger: true,
      text: 'Records that the change was taken back. The release is over then.',
      fields: reason,
    },
  };
  const form = forms[wanted.act];
  return (
    <DialogForm
      open
      close={close}
      title={form.title}
      text={form.text}
      verb={form.verb}
      danger={form.danger}
      act={() => act(release, wanted.act, body())}
      done={now => {
        client.setQueryData([path, {}], now);
        void client.invalidateQueries({ queryKey: ['pages', '/releases'] });
        close();
      }}
      told={problem =>
        problem.status === 409 ? <Refused problem={problem} look={() => void look()} /> : null
      }
    >
      {form.fields}
    </DialogForm>
  );
}

/** Why an act was not done: what holds the release up, or that it is no longer what was seen. */
function Refused({ problem, look }: { problem: Problem; look: () => void }) {
  const blocks = problem.body.blocks as Block[] | undefined;
  return (
    <div className="problem" role="alert">
      {blocks ? (
        <>
          <div className="what">Not shipped: the release is held up</div>
          <Blocks blocks={blocks} />
        </>
      ) : (
        <>
          <div className="what">The release has moved on</div>
          <div>
            <Said>{problem.detail}</Said>: nothing of yours was done.
          </div>
          <div>
            <button type="button" className="button small" onClick={look}>
              Look at it as it is now
            </button>
          </div>
        </>
      )}
    </div>
  );
}

/** Where somebody cannot do more: who can. */
export const Others = ({ others }: { others: string[] }) =>
  others.length === 0 ? null : <p className="muted small">{others.join(' ')}</p>;
