import type { RunItem } from '../../api/types';
import { stamp } from '../../format/time';

/** More would be neither read nor asked for in time. */
export const MOST = 8;

/** What is compared: a baseline, and one candidate or several. */
export function Picks({
  runs,
  candidates,
  baseline,
  set,
}: {
  runs: RunItem[];
  candidates: string[];
  baseline: string;
  set: (candidates: string[], baseline: string) => void;
}) {
  const suites = [...new Set(runs.map(run => run.suite))];
  const options = runs.map(run => ({
    run,
    values:
      run.targets.length > 1
        ? ['', ...run.targets.map(target => `:${target}`)].map(target => ({
            value: run.id + target,
            text: target ? `${run.short}${target}` : `${run.short}, every target`,
          }))
        : [{ value: run.id, text: run.short }],
  }));
  /** `ID:target` of a run with one target is that run. */
  const known = (value: string) => {
    const all = options.flatMap(option => option.values);
    const found = all.find(option => option.value === value);
    return found?.value ?? all.find(option => option.value === value.split(':')[0])?.value ?? value;
  };
  const select = (label: string, value: string, change: (value: string) => void, first: string) => (
    <select aria-label={label} value={known(value)} onChange={event => change(event.target.value)}>
      <option value="">{first}</option>
      {value && known(value) === value && !options.some(o => o.values.some(v => v.value === value)) && (
        <option value={value}>{value}</option>
      )}
      {suites.map(suite => (
        <optgroup key={suite} label={suite}>
          {options
            .filter(option => option.run.suite === suite)
            .flatMap(({ run, values }) =>
              values.map(option => (
                <option key={option.value} value={option.value}>
                  {`${suite} ${option.text} · ${stamp(run.started_us)}`}
                </option>
              )),
            )}
        </optgroup>
      ))}
    </select>
  );
  return (
    <div className="filters">
      {candidates.map((candidate, index) => (
        <span key={`${index} ${candidate}`} className="row tight">
          {select(
            candidates.length > 1 ? `candidate ${index + 1}` : 'candidate',
            candidate,
            value => set(value ? candidates.with(index, value) : candidates.toSpliced(index, 1), baseline),
            candidates.length > 1 ? 'take away' : 'pick a candidate',
          )}
        </span>
      ))}
      {candidates.length < MOST &&
        select(
          candidates.length === 0 ? 'candidate' : 'another candidate',
          '',
          value => value && set([...candidates, value], baseline),
          candidates.length === 0 ? 'pick a candidate' : '+ another',
        )}
      <span className="muted">against</span>
      {select('baseline', baseline, value => set(candidates, value), 'pick a baseline')}
      {candidates.length === 1 && candidates[0] && baseline && (
        <button type="button" className="button small" onClick={() => set([baseline], candidates[0] ?? '')}>
          ⇄ swap
        </button>
      )}
    </div>
  );
}
