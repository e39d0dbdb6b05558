import { useQueries } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { api } from '../../api/client';
import { useGet } from '../../api/queries';
import type { CompareAnswer, Page as List, RunItem } from '../../api/types';
import { Page, Panel } from '../../ui/Page';
import { Await, Empty, Loading, ProblemView } from '../../ui/States';
import { Found } from './Found';
import { Moved } from './Moved';
import { Picks, MOST } from './Picks';
import { useTargets } from './targets';
import { Several } from './Several';
import { Earlier } from './Earlier';

/** One candidate, or several, against a baseline; what is compared is in the address. */
export function Component() {
  const [params, setParams] = useSearchParams();
  const named = params.getAll('candidate').filter(Boolean);
  const baseline = params.get('baseline') ?? '';
  const runs = useGet<List<RunItem>>('/runs', { limit: 200 });
  const { words, pending } = useTargets(baseline ? named : []);
  // Of all targets of a run the one that is the baseline is left out.
  const candidates = (words.length > 1 ? words.filter(word => word !== baseline) : words).slice(0, MOST);
  const answers = useQueries({
    queries: candidates.map(candidate => ({
      queryKey: ['/compare', { candidate, baseline }],
      queryFn: () => api.get<CompareAnswer>('/compare', { candidate, baseline }),
      enabled: !pending,
    })),
  });
  const set = (candidates: string[], baseline: string) => {
    const next = new URLSearchParams(candidates.map(word => ['candidate', word]));
    if (baseline) next.set('baseline', baseline);
    setParams(next, { preventScrollReset: true });
  };
  const [first] = candidates;
  const [answer] = answers;
  return (
    <Page title="Compare" sub="Paired by the content of cases; what both sides answered counts.">
      <Picks runs={runs.data?.items ?? []} candidates={named} baseline={baseline} set={set} />
      {!baseline || named.length === 0 ? (
        <Panel>
          <Empty title="Pick a candidate and a baseline" command="assay compare RUN:candidate RUN:baseline">
            More candidates stand side by side, each against the baseline.
          </Empty>
          {named.length > 0 && <Earlier than={named} runs={runs.data?.items ?? []} />}
        </Panel>
      ) : pending ? (
        <Loading what="Looking for the runs" />
      ) : candidates.length === 1 && first && answer ? (
        <Await query={answer} what="Pairing the cases">
          {data => (
            <>
              <Found data={data} />
              <Moved candidate={first} baseline={baseline} rows={data.comparison.rows} />
            </>
          )}
        </Await>
      ) : (
        <>
          {answers.map((one, index) =>
            one.error ? <ProblemView key={candidates[index]} error={one.error} /> : null,
          )}
          {answers.some(one => one.isLoading) ? (
            <Loading what="Pairing the cases" />
          ) : (
            answers.some(one => one.data) && (
              <Several
                of={answers.flatMap((one, index) => {
                  const candidate = candidates[index];
                  return one.data && candidate ? [{ words: { candidate, baseline }, data: one.data }] : [];
                })}
              />
            )
          )}
        </>
      )}
    </Page>
  );
}
