import { Link } from 'react-router';
import { path, type CaseChange, type DatasetDiff, type FieldChange, type Version } from '../../api/datasets';
import { usePages } from '../../api/queries';
import { useFilters } from '../../app/filters';
import { count } from '../../format/number';
import { readable } from '../../format/text';
import { Diff as Marked } from '../../ui/Diff';
import { Badge } from '../../ui/Badge';
import { Panel } from '../../ui/Page';
import { Empty, Loading, ProblemView } from '../../ui/States';
import { More } from '../../ui/Table';
import { Text, TextBlock } from '../../ui/Text';

/** What differs between two versions: how many cases, and which fields of them, before and after. */
export function Diff({ name, versions }: { name: string; versions: Version[] }) {
  const [get, set] = useFilters();
  const newest = versions[0]?.number ?? 1;
  const to = get('to') || String(newest);
  const earlier = versions.find(of => of.number < Number(to))?.number;
  const from = get('from') || (earlier === undefined ? '' : String(earlier));
  const diff = usePages<CaseChange, DatasetDiff>(
    `${path(name)}/diff`,
    { from, to, limit: 50 },
    { enabled: !!from },
  );
  const choice = (key: string, value: string) => (
    <label>
      {key}
      <select value={value} onChange={event => set({ [key]: event.target.value }, true)}>
        {versions.map(of => (
          <option key={of.number} value={of.number}>
            @{of.number} {of.tags.join(' ')}
          </option>
        ))}
      </select>
    </label>
  );
  if (versions.length < 2)
    return (
      <Panel>
        <Empty
          title="There is one version"
          command={`assay dataset add ${name} cases.jsonl -m 'what is new'`}
        >
          With a second one, what changed between them stands here field by field.
        </Empty>
      </Panel>
    );
  const told = diff.first;
  return (
    <>
      <div className="filters">
        {choice('from', from)}
        {choice('to', to)}
      </div>
      {diff.error && <ProblemView error={diff.error} />}
      {diff.loading && <Loading what="Comparing" />}
      {told && !diff.error && (
        <>
          <Panel title={`From @${told.from} to @${told.to}`}>
            <dl className="figures">
              {Object.entries(told.counts).map(([word, n]) => (
                <div key={word}>
                  <dt>{word}</dt>
                  <dd>{count(n)}</dd>
                </div>
              ))}
            </dl>
          </Panel>
          {told.sealed ? (
            <div className="notice">
              ▣ The dataset has a sealed part, so only the counts are told: a change of a case would show it.
              Whoever may see it asks <span className="mono">assay dataset diff {name}</span>.
            </div>
          ) : diff.items.length === 0 ? (
            <Panel>
              <Empty title="No case differs" />
            </Panel>
          ) : (
            <Panel title="Cases" flush>
              <ul className="changes">
                {diff.items.map((change, index) => (
                  <li key={index}>
                    <Change name={name} of={change} from={told.from} to={told.to} />
                  </li>
                ))}
              </ul>
              {diff.more && <More more={diff.more} />}
            </Panel>
          )}
        </>
      )}
    </>
  );
}

const SIGNS = {
  added: ['good', '+'],
  removed: ['bad', '−'],
  renamed: ['plain', '→'],
  changed: ['accent', '≠'],
} as const;

function Change({ name, of, from, to }: { name: string; of: CaseChange; from: number; to: number }) {
  const [tone, sign] = SIGNS[of.change];
  const link = (id: string, version: number) => (
    <Link
      className="mono"
      to={`/datasets/${encodeURIComponent(name)}/cases?version=${version}&search=${encodeURIComponent(id)}&case=${encodeURIComponent(id)}`}
    >
      <Text>{id}</Text>
    </Link>
  );
  return (
    <>
      <div className="row">
        <Badge tone={tone}>
          <span aria-hidden>{sign}</span> {of.change}
        </Badge>
        {of.change === 'renamed' ? (
          <>
            {link(of.from, from)} → {link(of.to, to)}
          </>
        ) : (
          link(of.case, of.change === 'removed' ? from : to)
        )}
      </div>
      {of.change === 'changed' && of.fields.map(field => <Field key={field.field} of={field} />)}
    </>
  );
}

/** A field before and after, with the words that differ marked. */
function Field({ of }: { of: FieldChange }) {
  const [before, after] = [readable(of.before), readable(of.after)];
  const side = (text: string, other: string, mark: 'added' | 'removed', value: unknown) =>
    value === null || value === undefined ? (
      <span className="faint">not there</span>
    ) : (
      <TextBlock render={shown => <Marked text={shown} other={other} mark={mark} />}>{text}</TextBlock>
    );
  return (
    <div className="field-change">
      <span className="mono muted">
        <Text>{of.field}</Text>
      </span>
      <div aria-label="before">{side(before, after, 'removed', of.before)}</div>
      <div aria-label="after">{side(after, before, 'added', of.after)}</div>
    </div>
  );
}
