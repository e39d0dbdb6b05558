import { useState } from 'react';
import { useParams } from 'react-router';
import { useGet } from '../../api/queries';
import { words, type Act, type Release } from '../../api/release';
import { Badge, Verdict, type Tone } from '../../ui/Badge';
import { levelOf } from '../../ui/level';
import { Page, Panel } from '../../ui/Page';
import { Menu } from '../../ui/Overlay';
import { Await, Empty, ProblemView } from '../../ui/States';
import { Text } from '../../ui/Text';
import { When } from '../../ui/When';
import { ActDialog, Blocks, Others, useActs, type Wanted } from './acts';
import { Documents, People, Rollout, Waivers } from './Facts';
import { Findings } from './Findings';
import { Log } from './Log';

const ACTS: { act: Act; text: string }[] = [
  { act: 'evaluate', text: 'Evaluate…' },
  { act: 'approve', text: 'Approve…' },
  { act: 'reject', text: 'Reject…' },
  { act: 'ship', text: 'Ship…' },
  { act: 'rollback', text: 'Roll back…' },
];
const STANDS: Record<Release['stand'], { tone: Tone; sign: string }> = {
  open: { tone: 'accent', sign: '●' },
  rejected: { tone: 'bad', sign: '✗' },
  rolling_out: { tone: 'accent', sign: '▶' },
  shipped: { tone: 'good', sign: '✓' },
  rolled_back: { tone: 'unsure', sign: '↩' },
};

/** A release: what holds it up, what the evidence says, who agrees, and what this person may do about it. */
export function Component() {
  const { release = '' } = useParams();
  const found = useGet<Release>(`/releases/${release}`, undefined, { keep: true });
  if (!found.data)
    return (
      <Page title={`Release ${release}`} crumbs={[{ to: '/releases', text: 'Releases' }]}>
        <Await query={found} what="Looking at what is true now">
          {() => null}
        </Await>
      </Page>
    );
  return <Shown release={found.data} error={found.error} />;
}

function Shown({ release, error }: { release: Release; error: unknown }) {
  const [wanted, setWanted] = useState<Wanted | null>(null);
  const { offered, others } = useActs(release);
  const want = (act: Act) => (offered.includes(act) ? (of: string) => setWanted({ act, of }) : undefined);
  const stand = STANDS[release.stand];
  const { opened, evaluation, blocks } = release;
  const memo = `/api/v1/releases/${release.release}/memo`;
  // The next step is the one button that stands out.
  const first = blocks.length === 0 && offered.includes('ship') ? 'ship' : null;
  return (
    <Page
      title={`Release ${release.release}: ${opened.title}`}
      crumbs={[{ to: '/releases', text: 'Releases' }]}
      head={
        <span className="row">
          <span className="muted tab">{release.release}</span> <Text>{opened.title}</Text>
          <Badge tone={stand.tone}>
            <span aria-hidden>{stand.sign}</span> {words(release.stand)}
          </Badge>
        </span>
      }
      sub={
        <>
          {opened.changes.join(', ')} · {opened.risk} risk · policy <Text>{opened.policy_name}</Text> · opened{' '}
          <When us={release.opened_us} /> by <Text>{release.opened_by}</Text>
        </>
      }
      actions={
        <>
          {ACTS.filter(({ act }) => offered.includes(act)).map(({ act, text }) => (
            <button
              key={act}
              type="button"
              className={`button ${act === first ? 'primary' : ''} ${act === 'reject' || act === 'rollback' ? 'danger' : ''}`}
              onClick={() => setWanted({ act })}
            >
              {text}
            </button>
          ))}
          <a className="button" href={`${memo}?format=html`} target="_blank" rel="noreferrer">
            Memo ↗
          </a>
          <Menu
            trigger={
              <button type="button" className="button" aria-label="More of the memo">
                ▾
              </button>
            }
            items={[{ text: 'Memo as Markdown', href: `${memo}?format=md` }]}
          />
        </>
      }
    >
      {error !== null && <ProblemView error={error} />}
      <Others others={others} />
      {release.owed && (
        <div className="notice unsure">
          △ It went out in an emergency: its evidence is owed by {release.owed.review_by}. Passed over:{' '}
          <Text>{release.owed.passed_over.join('; ')}</Text>
        </div>
      )}
      <div className="grid-2">
        <Panel
          title="What holds it up"
          note={blocks.length > 0 ? `${blocks.length}` : undefined}
          actions={blocks.length === 0 ? <Badge tone="good">✓ nothing</Badge> : undefined}
        >
          {blocks.length === 0 ? (
            <p className="muted">
              {release.stages[release.next_stage]
                ? `It can go to the stage ${release.stages[release.next_stage]?.name}.`
                : 'It can be shipped.'}
            </p>
          ) : (
            <Blocks blocks={blocks} waive={want('waive')} />
          )}
        </Panel>
        <People release={release} />
      </div>
      <Rollout release={release} />
      {evaluation ? (
        <>
          <h2>
            Evidence{' '}
            <span className="muted small">
              under the policy <span className="mono">{evaluation.policy.slice(0, 12)}</span>
            </span>
          </h2>
          {evaluation.verdicts.map(verdict => (
            <Panel
              key={verdict.requirement}
              title={<Text>{verdict.requirement}</Text>}
              note={`${levelOf(verdict.confidence)} intervals${verdict.attempt > 0 ? `, attempt ${verdict.attempt}` : ''}`}
              actions={<Verdict kind={verdict.kind} />}
              flush
            >
              <Findings verdict={verdict} waivers={release.waivers} waive={want('waive')} />
            </Panel>
          ))}
        </>
      ) : (
        <Panel title="Evidence">
          <Empty title="Not evaluated yet" command={`assay release evaluate ${release.release}`}>
            The policy is read off the candidate's stored runs: run its suites first, then evaluate.
          </Empty>
        </Panel>
      )}
      <div className="grid-2">
        <Documents release={release} attach={want('attach')} />
        <Waivers release={release} />
      </div>
      <Log release={release} />
      {wanted && <ActDialog release={release} wanted={wanted} close={() => setWanted(null)} />}
    </Page>
  );
}
