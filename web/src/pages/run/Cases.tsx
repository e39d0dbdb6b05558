import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { usePages } from '../../api/queries';
import type { RunItem, TrialItem } from '../../api/types';
import { useChosen } from '../../app/chosen';
import { useFilters } from '../../app/filters';
import { useKeys } from '../../app/keys';
import { count, duration, money, score } from '../../format/number';
import { Badge } from '../../ui/Badge';
import { FilterInput } from '../../ui/FilterInput';
import { Opening } from '../../ui/Opening';
import { Panel } from '../../ui/Page';
import { Empty, Loading, ProblemView } from '../../ui/States';
import { More } from '../../ui/Table';
import { Text } from '../../ui/Text';

const KEYS = [
  'target',
  'status',
  'scorer',
  'min',
  'max',
  'unscored',
  'search',
  'tag',
  'sort',
  'order',
] as const;
const HEIGHT = 46;

/** The trials of a run: the server filters and sorts, the page shows the lines in view. */
export function Cases({ run }: { run: RunItem }) {
  const [get, set] = useFilters();
  const navigate = useNavigate();
  const filters = Object.fromEntries(KEYS.map(key => [key, get(key)])) as Record<
    (typeof KEYS)[number],
    string
  >;
  const trials = usePages<TrialItem>(
    `/runs/${run.id}/trials`,
    { ...filters, limit: 200 },
    { refetchInterval: run.executing ? 10_000 : undefined },
  );
  const [margin, setMargin] = useState(0);
  // Where the lines begin on the page is known once they are there.
  const place = useCallback((list: HTMLDivElement | null) => {
    if (list) setMargin(list.offsetTop);
  }, []);
  const [at, setAt] = useChosen('trials');

  const lines = useWindowVirtualizer({
    count: trials.items.length,
    estimateSize: () => HEIGHT,
    overscan: 12,
    scrollMargin: margin,
  });
  const chosen = Math.min(at, trials.items.length - 1);
  const to = (trial: TrialItem) =>
    `/runs/${run.id}/cases/${encodeURIComponent(trial.case_id)}?target=${encodeURIComponent(trial.target)}`;
  const step = (by: number) => {
    const next = Math.max(0, Math.min(trials.items.length - 1, chosen + by));
    setAt(next);
    lines.scrollToIndex(next);
  };
  useKeys({
    j: { does: 'next trial', run: () => step(1) },
    k: { does: 'previous trial', run: () => step(-1) },
    Enter: {
      does: 'open the case',
      run: () => chosen >= 0 && trials.items[chosen] && void navigate(to(trials.items[chosen])),
    },
  });
  const scorers = run.scorers;
  const head = (name: string, sort: string, num = false) => {
    const active = filters.sort === sort;
    return (
      <div
        role="columnheader"
        className={num ? 'num' : ''}
        aria-sort={active ? (filters.order === 'desc' ? 'descending' : 'ascending') : undefined}
      >
        <button
          type="button"
          onClick={() => set({ sort, order: active && filters.order !== 'desc' ? 'desc' : 'asc' })}
        >
          {name}
          <span aria-hidden>{active ? (filters.order === 'desc' ? ' ↓' : ' ↑') : ''}</span>
        </button>
      </div>
    );
  };
  const choice = (key: (typeof KEYS)[number], all: string, values: string[]) => (
    <label>
      {key}
      <select value={filters[key]} onChange={event => set({ [key]: event.target.value }, true)}>
        <option value="">{all}</option>
        {values.map(value => (
          <option key={value}>{value}</option>
        ))}
      </select>
    </label>
  );
  const template = {
    gridTemplateColumns: `minmax(110px, 1fr) 90px 90px minmax(160px, 3fr) ${scorers.map(() => 'minmax(76px, max-content)').join(' ')} 80px 80px`,
  };
  const active = KEYS.filter(key => filters[key] && key !== 'sort' && key !== 'order');
  return (
    <>
      <form className="filters" role="search" onSubmit={event => event.preventDefault()}>
        <FilterInput
          type="search"
          aria-label="Search"
          placeholder="Case or output  /"
          value={filters.search}
          change={value => set({ search: value })}
        />
        {choice('target', 'all', run.targets)}
        {choice('status', 'all', ['ok', 'error', 'refused_by_budget', 'cancelled'])}
        {choice('scorer', 'any', scorers)}
        <label>
          from{' '}
          <FilterInput
            type="number"
            step="any"
            value={filters.min}
            change={value => set({ min: value })}
            className="short"
          />
        </label>
        <label>
          to{' '}
          <FilterInput
            type="number"
            step="any"
            value={filters.max}
            change={value => set({ max: value })}
            className="short"
          />
        </label>
        <label>
          <input
            type="checkbox"
            checked={filters.unscored === 'true'}
            onChange={event => set({ unscored: event.target.checked ? 'true' : null })}
          />{' '}
          unscored
        </label>
        <label>
          tag{' '}
          <FilterInput placeholder="key=value" value={filters.tag} change={value => set({ tag: value })} />
        </label>
        {active.length > 0 && (
          <button
            type="button"
            className="button quiet small"
            onClick={() => set(Object.fromEntries(active.map(key => [key, null])))}
          >
            clear
          </button>
        )}
      </form>
      <Panel title="Trials" note={trials.total === null ? undefined : `${count(trials.total)} match`} flush>
        {trials.error ? (
          <>
            <ProblemView error={trials.error} />
            <Opening run={run.id} refused={trials.error} />
          </>
        ) : trials.loading ? (
          <Loading />
        ) : trials.items.length === 0 ? (
          <Empty title={active.length ? 'No trial matches' : 'No trial has ended yet'}>
            {active.length ? 'Take a filter away.' : 'Trials stand here as they end.'}
          </Empty>
        ) : (
          <div
            role="table"
            aria-label="Trials"
            aria-rowcount={trials.total ?? -1}
            aria-busy={trials.fetching}
            className="lines-table"
          >
            <div role="row" className="line head" style={template}>
              {head('case', 'case')}
              <div role="columnheader">target</div>
              <div role="columnheader">status</div>
              <div role="columnheader">output</div>
              {scorers.map(name => (
                <div key={name} style={{ display: 'contents' }}>
                  {head(name, `score:${name}`, true)}
                </div>
              ))}
              {head('latency', 'latency', true)}
              {head('cost', 'cost', true)}
            </div>
            <div ref={place} role="rowgroup" style={{ height: lines.getTotalSize(), position: 'relative' }}>
              {lines.getVirtualItems().map(line => {
                const trial = trials.items[line.index];
                if (!trial) return null;
                return (
                  <div
                    key={line.key}
                    role="row"
                    aria-rowindex={line.index + 1}
                    aria-current={line.index === chosen ? 'true' : undefined}
                    className="line"
                    style={{
                      ...template,
                      position: 'absolute',
                      insetInline: 0,
                      height: HEIGHT,
                      transform: `translateY(${line.start - margin}px)`,
                    }}
                  >
                    <div role="rowheader" className="cut">
                      <Link to={to(trial)} onClick={() => setAt(line.index)}>
                        <Text>{trial.case_id}</Text>
                      </Link>
                      {trial.epoch > 0 && <span className="faint small"> epoch {trial.epoch + 1}</span>}
                    </div>
                    <div role="cell" className="cut">
                      {trial.target}
                    </div>
                    <div role="cell">
                      {trial.status === 'ok' ? (
                        <span className="faint">ok{trial.cached && ' · cached'}</span>
                      ) : (
                        <Badge tone="bad">✗ {trial.status}</Badge>
                      )}
                    </div>
                    <div role="cell" className={trial.error_message ? 'bad two-lines' : 'two-lines muted'}>
                      <Text>{trial.error_message ?? trial.output}</Text>
                    </div>
                    {scorers.map(name => {
                      const own = trial.scores.find(s => s.scorer === name);
                      return (
                        <div key={name} role="cell" className="num" title={own?.reason ?? undefined}>
                          {own?.value !== null && own?.value !== undefined ? (
                            score(own.value)
                          ) : (
                            <span className="unsure small">{own?.status ?? '–'}</span>
                          )}
                        </div>
                      );
                    })}
                    <div role="cell" className="num">
                      {duration(trial.latency_us)}
                    </div>
                    <div role="cell" className="num">
                      {money(trial.cost_nanousd)}
                    </div>
                  </div>
                );
              })}
            </div>
          </div>
        )}
        {trials.more && <More more={trials.more} />}
      </Panel>
    </>
  );
}
