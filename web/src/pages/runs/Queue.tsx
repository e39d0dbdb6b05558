import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from 'react-router';
import { api, type Problem } from '../../api/client';
import { ended, suiteOf, type Job } from '../../api/jobs';
import { useGet } from '../../api/queries';
import type { Page as List } from '../../api/types';
import { useMay } from '../../app/session';
import { Badge } from '../../ui/Badge';
import { Panel } from '../../ui/Page';
import { ProblemView } from '../../ui/States';
import { Said, Text } from '../../ui/Text';
import { When } from '../../ui/When';

/** Of the newest it is told how they ended. */
const TOLD = 3;

/** What the server was asked to execute, newest first, asked for more often while something of it goes on. */
export const useJobs = () =>
  useGet<List<Job>>(
    '/jobs',
    { limit: 20 },
    { refetchInterval: query => (query.state.data?.items.some(goesOn) ? 1_500 : 15_000) },
  );

export const goesOn = (job: Job) => job.stand === 'queued' || job.stand === 'running';

/** What the server executes, what waits for it, and how the last ones ended. */
export function Queue({ jobs }: { jobs: Job[] }) {
  const client = useQueryClient();
  const may = useMay('engineer');
  const withdraw = useMutation<unknown, Problem, number>({
    mutationFn: job => api.delete(`/jobs/${job}`),
    onSettled: () => client.invalidateQueries({ queryKey: ['/jobs'] }),
  });
  const shown = jobs.filter((job, index) => index < TOLD || goesOn(job));
  if (shown.length === 0) return null;
  return (
    <Panel title="On the server" note="one after another, as assay run">
      <ul className="lines" aria-label="Jobs">
        {shown.map(job => (
          <li key={job.job}>
            <Stand job={job} />
            <span className="grow">
              <span className="mono">
                <Text>{suiteOf(job)}</Text>
              </span>{' '}
              <span className="muted small">
                job {job.job} <Text>{job.arguments.slice(0, -2).join(' ')}</Text> <Text>{job.by}</Text>,{' '}
                <When us={job.ended_us ?? job.started_us ?? job.queued_us} />
              </span>
              {job.message && (
                <pre className="small muted">
                  <Said>{job.message}</Said>
                </pre>
              )}
            </span>
            {job.run && <Link to={`/runs/${job.run}`}>{goesOn(job) ? 'Watch the run' : 'The run'}</Link>}
            {may && job.stand === 'queued' && (
              <button type="button" className="button small" onClick={() => withdraw.mutate(job.job)}>
                Take back
              </button>
            )}
          </li>
        ))}
      </ul>
      {withdraw.error && <ProblemView error={withdraw.error} />}
    </Panel>
  );
}

function Stand({ job }: { job: Job }) {
  if (job.stand === 'queued') return <Badge>queued</Badge>;
  if (job.stand === 'running')
    return (
      <Badge tone="accent">
        <span aria-hidden>●</span> running
      </Badge>
    );
  if (job.stand === 'withdrawn') return <Badge>taken back</Badge>;
  const { tone, text } = ended(job.exit);
  return <Badge tone={tone}>{text}</Badge>;
}
