import { Link } from 'react-router';
import type { Release, Stage } from '../../api/release';
import { link } from '../../format/text';
import { percent } from '../../format/number';
import { Badge } from '../../ui/Badge';
import { Panel } from '../../ui/Page';
import { Said, Address, Text } from '../../ui/Text';
import { When } from '../../ui/When';

/** What is proposed, by whom, who agrees to it and who is asked to. */
export function People({ release }: { release: Release }) {
  const { opened, authors, approvers, approvals } = release;
  const named = (of: Record<string, { run: string; target?: string }> | undefined) =>
    Object.entries(of ?? {}).map(([suite, { run, target }]) => (
      <div key={suite}>
        <Link to={`/runs/${run}`}>
          <Text>{suite}</Text> <span className="mono">{run.slice(-8)}</span>
        </Link>
        {target && (
          <span className="muted">
            {' '}
            <Text>{target}</Text>
          </span>
        )}
      </div>
    ));
  const roles = Object.entries(approvals.roles ?? {});
  return (
    <Panel title="Who agrees">
      <dl className="facts">
        <dt>agree as it stands</dt>
        <dd>
          {approvers.length === 0 ? (
            <span className="faint">nobody</span>
          ) : (
            <Text>{approvers.join(', ')}</Text>
          )}{' '}
          <span className="muted">
            ({approvers.length} of {approvals.count} that the policy asks for)
            {roles.length > 0 && (
              <Text>{` ${roles.map(([role, n]) => `, ${n} with the role ${role}`).join('')}`}</Text>
            )}
          </span>
        </dd>
        <dt>authors</dt>
        <dd>
          <Text>{authors.join(', ')}</Text> <span className="muted">cannot agree to it themselves</span>
        </dd>
        <dt>policy</dt>
        <dd>
          <Text>{opened.policy}</Text>
        </dd>
        {opened.candidate && Object.keys(opened.candidate).length > 0 && (
          <>
            <dt>candidate</dt>
            <dd>{named(opened.candidate)}</dd>
          </>
        )}
        {opened.baseline && Object.keys(opened.baseline).length > 0 && (
          <>
            <dt>compared with</dt>
            <dd>{named(opened.baseline)}</dd>
          </>
        )}
        {opened.target && (
          <>
            <dt>target</dt>
            <dd>
              <Text>{opened.target}</Text>
            </dd>
          </>
        )}
        {opened.paths && opened.paths.length > 0 && (
          <>
            <dt>paths</dt>
            <dd>
              <Text>{opened.paths.join(', ')}</Text>
            </dd>
          </>
        )}
      </dl>
    </Panel>
  );
}

/** The steps of the rollout: what is out, what is next and what it needs. */
export function Rollout({ release }: { release: Release }) {
  const stages: Stage[] = release.stages.length > 0 ? release.stages : [{ name: 'all', share: 1 }];
  const shipped = new Map<number, { at_us: number; by: string; emergency: boolean; reason: string }>();
  for (const { entry } of release.log)
    if (entry.event === 'shipped')
      shipped.set(entry.stage, {
        at_us: entry.at_us,
        by: entry.by,
        emergency: !!entry.emergency,
        reason: entry.reason,
      });
  const needs = (stage: Stage) =>
    [
      stage.after_hours ? `${stage.after_hours} h of the step before` : '',
      ...(stage.require ?? []).map(
        ({ suite, tier }) => `${suite}${tier ? `@${tier}` : ''} measured since then`,
      ),
      stage.approve ? 'people agree again' : '',
    ].filter(Boolean);
  return (
    <Panel title="Rollout">
      <ol className="stages">
        {stages.map((stage, index) => {
          const out = shipped.get(index);
          const next = index === release.next_stage && !out && release.stand !== 'rolled_back';
          return (
            <li key={stage.name} aria-current={next ? 'step' : undefined} className={out ? 'out' : ''}>
              <div className="row spread">
                <span className="strong">
                  <Text>{stage.name}</Text>
                </span>
                {out ? (
                  <Badge tone={out.emergency ? 'unsure' : 'good'}>
                    {out.emergency ? '△ in emergency' : '✓ out'}
                  </Badge>
                ) : next ? (
                  <Badge tone="accent">next</Badge>
                ) : (
                  <span className="faint small">later</span>
                )}
              </div>
              <div className="share" aria-hidden>
                <i style={{ width: `${Math.min(100, stage.share * 100)}%` }} />
              </div>
              <div className="small">{percent(stage.share)} of users</div>
              {out ? (
                <div className="small muted">
                  <When us={out.at_us} /> by <Text>{out.by}</Text>: <Text>{out.reason}</Text>
                </div>
              ) : (
                needs(stage).length > 0 && (
                  <div className="small muted">
                    needs <Text>{needs(stage).join(', ')}</Text>
                  </div>
                )
              )}
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}

/** The documents that the policy asks for, as a checklist. */
export function Documents({ release, attach }: { release: Release; attach?: (document: string) => void }) {
  const open = release.blocks.filter(block => block.why === 'document').map(block => block.rule);
  return (
    <Panel title="Documents">
      {release.documents.length === 0 ? (
        <p className="muted">The policy asks for none for a change of this kind and risk.</p>
      ) : (
        <ul className="lines">
          {release.documents.map(({ id, what, reference }) => {
            const missing = open.includes(`document:${id}`);
            return (
              <li key={id}>
                <span aria-hidden className={reference && !missing ? 'good' : 'unsure'}>
                  {reference && !missing ? '✓' : '○'}
                </span>
                <span className="grow">
                  <Text>{what}</Text>{' '}
                  <span className="small muted">
                    {reference ? (
                      <>
                        {missing && <span className="unsure">no longer counts: </span>}
                        {link(reference) ? <Address>{reference}</Address> : <Text>{reference}</Text>}
                      </>
                    ) : missing ? (
                      'missing'
                    ) : (
                      'not attached'
                    )}
                  </span>
                </span>
                {attach && (
                  <button type="button" className="button small" onClick={() => attach(id)}>
                    {reference ? 'Attach anew…' : 'Attach…'}
                  </button>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}

/** Rules that do not hold the release up for a while, and waivers that do not count. */
export function Waivers({ release }: { release: Release }) {
  return (
    <Panel title="Waivers">
      {release.waivers.length === 0 ? (
        <p className="muted">None.</p>
      ) : (
        <ul className="stack tight unmarked">
          {release.waivers.map(({ by, at_us, waiver, void: why }) => (
            <li key={at_us}>
              <div className="row">
                <span className="mono">
                  <Text>{waiver.rule}</Text>
                </span>
                {why ? <Badge tone="unsure">△ does not count</Badge> : <Badge>until {waiver.until}</Badge>}
              </div>
              <div className="small muted">
                {why && (
                  <span className="unsure">
                    <Said>{why}</Said>.{' '}
                  </span>
                )}
                <Text>{waiver.reason}</Text> · <Text>{waiver.follow_up}</Text>, seen to by{' '}
                <Text>{waiver.owner}</Text> · <Text>{by}</Text>, <When us={at_us} />
              </div>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
