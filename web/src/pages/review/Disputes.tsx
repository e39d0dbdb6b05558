import { useId, useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, type Problem } from '../../api/client';
import { useGet, usePages } from '../../api/queries';
import type { DisputeView, ItemHistory } from '../../api/review';
import { useFilters } from '../../app/filters';
import { stamp } from '../../format/time';
import { Badge } from '../../ui/Badge';
import { Panel } from '../../ui/Page';
import { Await, Empty, Loading, ProblemView } from '../../ui/States';
import { More } from '../../ui/Table';
import { Text } from '../../ui/Text';
import { inWords } from './answering';
import { Item } from './Item';
import { Options } from './Questions';

/** What raters do not agree on, widest first, and the word that settles it. */
export function Disputes({ path, name }: { path: string; name: string }) {
  const [get, set] = useFilters();
  const settled = get('settled') === 'true';
  const list = usePages<DisputeView>(`${path}/disputes`, { settled, limit: 20 });
  const [named, setNamed] = useState(false);
  return (
    <>
      <div className="filters">
        <label>
          <input
            type="checkbox"
            checked={settled}
            onChange={event => set({ settled: event.target.checked ? 'true' : null })}
          />
          settled ones too
        </label>
        <label title="Whoever settles a question is less led by it without names">
          <input type="checkbox" checked={named} onChange={event => setNamed(event.target.checked)} />
          who said what
        </label>
      </div>
      {list.error && <ProblemView error={list.error} />}
      {list.loading && <Loading what="What is not agreed on" />}
      {!list.loading && !list.error && list.items.length === 0 && (
        <Panel>
          <Empty title="Nothing to settle" command={`assay review report ${name}`}>
            Where raters are further apart than the rubric bears, or one of them flags an item, it stands
            here.
          </Empty>
        </Panel>
      )}
      {list.items.map(view => (
        <One key={`${view.dispute.item} ${view.dispute.criterion}`} path={path} view={view} named={named} />
      ))}
      {list.more && <More more={list.more} />}
    </>
  );
}

/** Steps of a scale have a distance, other answers only differ. */
function howFar({ dispute, question }: DisputeView): string {
  if (dispute.apart === 0) return 'flagged';
  if (question.kind !== 'ordinal') return 'not the same';
  return `${dispute.apart} ${dispute.apart === 1 ? 'step' : 'steps'} apart`;
}

function One({ path, view, named }: { path: string; view: DisputeView; named: boolean }) {
  const { dispute, question, content } = view;
  const { settled } = dispute;
  return (
    <Panel
      title={<Text>{question.asks}</Text>}
      note={
        <>
          <span className="mono">{dispute.item.slice(0, 12)}</span>{' '}
          <Text>{dispute.case ? `case ${dispute.case}` : ''}</Text>
        </>
      }
      actions={settled ? <Badge tone="good">✓ settled</Badge> : <Badge tone="unsure">{howFar(view)}</Badge>}
    >
      <div className="dispute">
        <Item content={content} />
        <div className="stack">
          <table className="table" aria-label="What raters say">
            <tbody>
              {dispute.ratings.map((rating, index) => (
                <tr key={rating.rater}>
                  <th scope="row">
                    <Text>{named ? rating.rater : `rater ${index + 1}`}</Text>
                  </th>
                  <td>
                    <Text>{inWords(question, rating.value)}</Text>
                  </td>
                </tr>
              ))}
              {(dispute.flags ?? []).map(flag => (
                <tr key={`${flag.rater} ${flag.at_us}`}>
                  <th scope="row">
                    <span className="unsure" aria-hidden>
                      ⚑{' '}
                    </span>
                    <Text>{named ? flag.rater : 'flagged'}</Text>
                  </th>
                  <td>
                    <Text>{flag.text || 'without a word'}</Text>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {settled && (
            <p>
              <span className="strong">
                <Text>{inWords(question, settled.value)}</Text>
              </span>
              <Text>{settled.why ? `: ${settled.why}` : ''}</Text>
              <span className="faint small">
                {' '}
                <Text>{settled.by}</Text>, {stamp(settled.at_us)}
              </span>
            </p>
          )}
          <Settle path={path} view={view} />
          <History path={path} view={view} named={named} />
        </div>
      </div>
    </Panel>
  );
}

/** Chooses the label and says why; it may be said again. */
function Settle({ path, view }: { path: string; view: DisputeView }) {
  const { dispute, question } = view;
  const client = useQueryClient();
  const id = useId();
  const [value, setValue] = useState<unknown>(undefined);
  const [reason, setReason] = useState('');
  const act = useMutation<unknown, Problem>({
    mutationFn: () =>
      api.post(`${path}/adjudications`, {
        item: dispute.item,
        criterion: dispute.criterion,
        value,
        reason,
      }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['pages', `${path}/disputes`] });
      void client.invalidateQueries({ queryKey: [`${path}/report`] });
    },
  });
  return (
    <form
      className="stack tight"
      onSubmit={event => {
        event.preventDefault();
        act.mutate();
      }}
    >
      <h3 id={id}>{dispute.settled ? 'Settle it anew' : 'The label is'}</h3>
      <Options labelled={id} question={question} value={value} alone onChoose={setValue} />
      <label className="stack tight">
        Reason, which is kept
        <input required value={reason} autoComplete="off" onChange={event => setReason(event.target.value)} />
      </label>
      {act.error && <ProblemView error={act.error} />}
      <div>
        <button className="button primary" disabled={value === undefined || act.isPending}>
          Settle
        </button>
      </div>
    </form>
  );
}

/** What was said about the question before, what was taken back, and who skipped the item; asked for when it is opened. */
function History({ path, view, named }: { path: string; view: DisputeView; named: boolean }) {
  const { dispute, question } = view;
  const [open, setOpen] = useState(false);
  const found = useGet<ItemHistory>(`${path}/items/${encodeURIComponent(dispute.item)}`, undefined, {
    enabled: open,
  });
  return (
    <details onToggle={event => setOpen(event.currentTarget.open)}>
      <summary className="small muted">everything that was said</summary>
      {open && (
        <Await query={found}>
          {data => {
            const own = data.history.filter(rating => rating.criterion === dispute.criterion);
            const raters = [...new Set([...dispute.ratings, ...own].map(rating => rating.rater))];
            const who = (rater: string) =>
              named || !raters.includes(rater) ? rater : `rater ${raters.indexOf(rater) + 1}`;
            const lines = [
              ...own.map(rating => ({
                at: rating.at_us,
                who: who(rating.rater),
                what: rating.value === null ? 'took it back' : inWords(question, rating.value),
              })),
              ...data.notes.map(note => ({
                at: note.at_us,
                who: named ? note.rater : 'a rater',
                what: `${note.kind === 'skip' ? 'skipped it' : 'flagged it'}${note.text ? `: ${note.text}` : ''}`,
              })),
              ...data.adjudications
                .filter(word => word.criterion === dispute.criterion)
                .map(word => ({
                  at: word.at_us,
                  who: word.by,
                  what: `settled it: ${inWords(question, word.value)}${word.why ? `, ${word.why}` : ''}`,
                })),
            ].sort((a, b) => a.at - b.at);
            return (
              <ol className="history">
                {lines.map((line, index) => (
                  <li key={index}>
                    <span className="faint">{stamp(line.at)}</span>{' '}
                    <Text>{`${line.who} · ${line.what}`}</Text>
                  </li>
                ))}
              </ol>
            );
          }}
        </Await>
      )}
    </details>
  );
}
