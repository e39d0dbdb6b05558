import { Link } from 'react-router';
import { useEffect, useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { useGet, usePages } from '../../api/queries';
import type { RunItem, SuiteItem } from '../../api/types';
import { useFilters } from '../../app/filters';
import { useMay } from '../../app/session';
import { count, duration, money } from '../../format/number';
import { Badge, Missing, RunState } from '../../ui/Badge';
import { FilterInput } from '../../ui/FilterInput';
import { Page, Panel } from '../../ui/Page';
import { Empty, Loading, ProblemView } from '../../ui/States';
import { Table, type Column } from '../../ui/Table';
import { Text } from '../../ui/Text';
import { When } from '../../ui/When';
import { goesOn, Queue, useJobs } from './Queue';
import { RunSuite } from './RunSuite';

export function Component() {
  const [get, set] = useFilters();
  const filters = { suite: get('suite'), status: get('status'), label: get('label'), search: get('search') };
  const suites = useGet<SuiteItem[]>('/suites');
  const runs = usePages<RunItem>('/runs', filters, { refetchInterval: 10_000 });
  const jobs = useJobs();
  const client = useQueryClient();
  const may = useMay('engineer');
  const [picked, setPicked] = useState<string[]>([]);
  const asking = get('new') === 'true';
  // A run that the server has begun or ended stands in the list at once.
  const stands = jobs.data?.items.map(job => `${job.stand} ${job.run ?? ''}`).join();
  useEffect(() => void client.invalidateQueries({ queryKey: ['pages', '/runs'] }), [client, stands]);
  const filtered = Object.values(filters).some(Boolean);
  const pick = (id: string) =>
    setPicked(picked.includes(id) ? picked.filter(p => p !== id) : [...picked, id]);
  const columns: Column<RunItem>[] = [
    {
      key: 'pick',
      head: <span className="sr">compare</span>,
      cell: run => (
        <input
          type="checkbox"
          aria-label={`Pick ${run.short} to compare`}
          checked={picked.includes(run.id)}
          onChange={() => pick(run.id)}
        />
      ),
    },
    {
      key: 'run',
      head: 'run',
      rowHead: true,
      cell: run => (
        <Link to={`/runs/${run.id}`} className="mono">
          {run.short}
        </Link>
      ),
    },
    { key: 'suite', head: 'suite', cell: run => <Text>{run.suite}</Text> },
    {
      key: 'status',
      head: 'status',
      cell: run => (
        <span className="row tight">
          <RunState run={run} />
          {run.tier && <Badge>{run.tier}</Badge>}
          {run.imported && <Badge>imported</Badge>}
          {run.baselines?.map(name => (
            <Badge key={name} tone="accent" title="A baseline of its suite">
              @<Text>{name}</Text>
            </Badge>
          ))}
          {run.sealed_part && <Badge title="Runs over a sealed part of a dataset">sealed part</Badge>}
        </span>
      ),
    },
    { key: 'started', head: 'started', cell: run => <When us={run.started_us} /> },
    {
      key: 'took',
      head: 'took',
      num: true,
      cell: run => (run.ended_us ? duration(run.ended_us - run.started_us) : '–'),
    },
    { key: 'trials', head: 'trials', num: true, cell: run => count(run.planned) },
    {
      key: 'missing',
      head: 'missing',
      cell: run => (
        <Missing
          errors={run.totals.errors}
          unscored={run.totals.unscored}
          scorerErrors={run.totals.score_errors}
          refused={run.totals.refused}
        />
      ),
    },
    {
      key: 'cost',
      head: 'cost',
      num: true,
      cell: run => money(run.totals.target_cost + run.totals.judge_cost),
    },
    { key: 'targets', head: 'targets', cell: run => <span className="muted">{run.targets.join(', ')}</span> },
    {
      key: 'labels',
      head: 'labels',
      cell: run => (
        <span className="row tight">
          {Object.entries(run.labels).map(([key, value]) => (
            <button
              key={key}
              type="button"
              className="chip"
              onClick={() => set({ label: `${key}=${value}` })}
            >
              <Text>{`${key}=${value}`}</Text>
            </button>
          ))}
        </span>
      ),
    },
  ];
  return (
    <Page
      title="Runs"
      actions={
        <>
          {picked.length > 1 ? (
            <Link
              className="button"
              to={`/compare?${new URLSearchParams([...picked.slice(1).map(id => ['candidate', id]), ['baseline', picked[0] ?? '']])}`}
            >
              Compare {picked.length === 2 ? 'the two' : `the ${picked.length}`}
            </Link>
          ) : (
            runs.items.length > 1 && (
              <span className="faint small">
                {picked.length === 1
                  ? 'pick one more: the first is the baseline'
                  : 'pick two or more to compare; the first is the baseline'}
              </span>
            )
          )}
          {may && (
            <button type="button" className="button primary" onClick={() => set({ new: 'true' }, true)}>
              Run a suite…
            </button>
          )}
        </>
      }
    >
      {asking && may && <RunSuite jobs={jobs.data?.items ?? []} close={() => set({ new: null })} />}
      {jobs.data && <Queue jobs={jobs.data.items} />}
      <form className="filters" role="search" onSubmit={event => event.preventDefault()}>
        <FilterInput
          type="search"
          placeholder="Search runs  /"
          aria-label="Search"
          value={filters.search}
          change={value => set({ search: value })}
        />
        <label>
          suite
          <select value={filters.suite} onChange={event => set({ suite: event.target.value }, true)}>
            <option value="">all</option>
            {suites.data?.map(item => (
              <option key={item.suite} value={item.suite}>
                {item.suite} ({count(item.runs)})
              </option>
            ))}
          </select>
        </label>
        <label>
          status
          <select value={filters.status} onChange={event => set({ status: event.target.value }, true)}>
            <option value="">all</option>
            <option>running</option>
            <option>interrupted</option>
            <option>sealed</option>
          </select>
        </label>
        <label>
          label
          <FilterInput
            placeholder="key=value"
            value={filters.label}
            change={value => set({ label: value })}
          />
        </label>
        {filtered && (
          <button
            type="button"
            className="button quiet small"
            onClick={() => set({ suite: null, status: null, label: null, search: null })}
          >
            clear
          </button>
        )}
      </form>
      <Panel flush>
        {runs.error ? (
          <ProblemView error={runs.error} />
        ) : runs.loading ? (
          <Loading />
        ) : (
          <Table
            label="Runs, newest first"
            columns={columns}
            rows={runs.items}
            rowKey={run => run.id}
            to={run => `/runs/${run.id}`}
            more={runs.more}
            empty={
              filtered ? (
                <Empty title="No run matches">Take a filter away.</Empty>
              ) : jobs.data?.items.some(goesOn) ? (
                <Empty title="The first run is about to begin" />
              ) : (
                <Empty title="No run yet" command="assay init && assay run">
                  A run asks every case of its suite of every target, scores the answers and keeps all of it.
                  The command writes a first suite into the project folder and runs it; a suite that is there
                  already can be run from here.
                </Empty>
              )
            }
          />
        )}
      </Panel>
    </Page>
  );
}
