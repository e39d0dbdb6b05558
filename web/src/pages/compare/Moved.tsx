import { usePages } from '../../api/queries';
import type { ComparedCase, ComparisonRow } from '../../api/types';
import { useFilters } from '../../app/filters';
import { duration, score } from '../../format/number';
import { Diff } from '../../ui/Diff';
import { Panel } from '../../ui/Page';
import { Empty, Loading, ProblemView } from '../../ui/States';
import { Text, TextBlock } from '../../ui/Text';

const CHANGES = ['worse', 'better', 'same', 'all'] as const;
function Answer({ of, other, name }: { of: ComparedCase['candidate']; other: string; name: string }) {
  return (
    <section aria-label={name}>
      <p className="muted small">
        {name} <span className="strong tab">{score(of.value)}</span> · {duration(of.latency_us)}
      </p>
      <TextBlock
        render={text => <Diff text={text} other={other} mark={name === 'candidate' ? 'added' : 'removed'} />}
      >
        {of.error ?? of.output}
      </TextBlock>
      {of.rationale && (
        <p className="muted small">
          <Text>{of.rationale}</Text>
        </p>
      )}
    </section>
  );
}

/** Cases side by side, those that moved most first. */
export function Moved({
  candidate,
  baseline,
  rows,
}: {
  candidate: string;
  baseline: string;
  rows: ComparisonRow[];
}) {
  const [get, set] = useFilters();
  const scorers = [...new Set(rows.map(row => row.scorer))];
  const scorer = get('scorer') || scorers[0] || '';
  const change = get('change') || 'worse';
  const list = usePages<ComparedCase>(
    '/compare/cases',
    { candidate, baseline, scorer, change, limit: 20 },
    { enabled: !!scorer },
  );
  return (
    <Panel
      title="Cases side by side"
      actions={
        <div className="filters">
          <label>
            scorer{' '}
            <select value={scorer} onChange={event => set({ scorer: event.target.value })}>
              {scorers.map(name => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          <label>
            that got{' '}
            <select value={change} onChange={event => set({ change: event.target.value })}>
              {CHANGES.map(word => (
                <option key={word}>{word}</option>
              ))}
            </select>
          </label>
        </div>
      }
    >
      {list.loading && <Loading />}
      {list.error && <ProblemView error={list.error} />}
      {!list.loading && !list.error && list.items.length === 0 && <Empty title={`No case is ${change}`} />}
      {list.items.map(pair => (
        <article key={pair.case_digest} className="stack tight">
          <h3 className="mono">
            <Text>{pair.case_id}</Text>
          </h3>
          <TextBlock>{pair.input}</TextBlock>
          {pair.expected && (
            <p className="muted small">
              expected: <Text>{pair.expected}</Text>
            </p>
          )}
          <div className="grid-2">
            <Answer of={pair.baseline} other={pair.candidate.output ?? ''} name="baseline" />
            <Answer of={pair.candidate} other={pair.baseline.output ?? ''} name="candidate" />
          </div>
        </article>
      ))}
      {list.more && (
        <button type="button" className="button small" disabled={list.fetching} onClick={list.more}>
          more
        </button>
      )}
    </Panel>
  );
}
