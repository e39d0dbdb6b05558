import { useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { once } from '../../api/client';
import { useGet } from '../../api/queries';
import { KINDS, openRelease, RISKS, type Kind, type PolicyItem, type Risk } from '../../api/release';
import type { Page as List, RunItem } from '../../api/types';
import { visible } from '../../format/text';
import { Checks, DialogForm, Field } from '../../ui/Form';

const list = (text: string) => text.split(/[\s,]+/).filter(Boolean);
const RISK: Record<Risk, string> = {
  low: 'low: a nuisance',
  medium: 'medium: money, time or trust of some users',
  high: 'high: harm to people, or to many users',
};

/** Proposes a change, measured by the run `candidate` when there is one. */
export function Open({ candidate, close }: { candidate: string; close: () => void }) {
  const navigate = useNavigate();
  const runs = useGet<List<RunItem>>('/runs', { status: 'sealed', limit: 50 });
  const policies = useGet<PolicyItem[]>('/policies');
  // The same proposal sent again is the same attempt; a corrected one is another.
  const sent = useRef({ said: '', name: '' });
  const [said, setSaid] = useState({
    title: '',
    policy: '',
    authors: '',
    candidates: candidate,
    baselines: '',
    target: '',
  });
  const [kinds, setKinds] = useState<string[]>([]);
  const [risk, setRisk] = useState<Risk>('medium');
  const text = (
    name: keyof typeof said,
    label: string,
    options: { hint?: string; optional?: boolean; list?: string } = {},
  ) => (
    <Field label={options.optional ? `${label} (optional)` : label} hint={options.hint}>
      {ids => (
        <input
          {...ids}
          required={!options.optional}
          list={options.list}
          value={said[name]}
          onChange={event => setSaid({ ...said, [name]: event.target.value })}
        />
      )}
    </Field>
  );
  return (
    <DialogForm
      open
      close={close}
      title="Open a release"
      text="Proposes a change. You are one of its authors: somebody else agrees to it."
      verb="Open"
      act={() => {
        const proposal = {
          title: said.title,
          policy: said.policy.trim(),
          kinds: kinds as Kind[],
          risk,
          authors: said.authors
            .split(',')
            .map(name => name.trim())
            .filter(Boolean),
          candidates: list(said.candidates),
          baselines: list(said.baselines),
          target: said.target.trim() || undefined,
        };
        const text = JSON.stringify(proposal);
        if (text !== sent.current.said) sent.current = { said: text, name: once() };
        return openRelease(proposal, sent.current.name);
      }}
      done={release => void navigate(`/releases/${release.release}`)}
    >
      {text('title', 'What changes', { hint: 'In a sentence.' })}
      {text('policy', 'Policy', {
        list: 'policies',
        hint: 'A file of the project, such as release.policy.yaml, or one that comes with Assay.',
      })}
      <datalist id="policies">
        {policies.data?.map(({ name, title, why, error }) => (
          <option key={name} value={name}>
            {visible(error === null ? (why ?? title ?? '') : `✗ ${error}`)}
          </option>
        ))}
      </datalist>
      <Checks
        legend="Kinds of change"
        choices={KINDS.map(value => ({ value, text: value }))}
        chosen={kinds}
        set={setKinds}
      />
      <Field label="Risk">
        {ids => (
          <select {...ids} value={risk} onChange={event => setRisk(event.target.value as Risk)}>
            {RISKS.map(word => (
              <option key={word} value={word}>
                {RISK[word]}
              </option>
            ))}
          </select>
        )}
      </Field>
      {text('candidates', 'Candidate runs', {
        optional: true,
        list: 'runs',
        hint: 'The newest complete run of each suite otherwise. A target follows a colon.',
      })}
      {text('baselines', 'Compare with', {
        optional: true,
        list: 'runs',
        hint: "The policy's baseline otherwise.",
      })}
      <datalist id="runs">
        {runs.data?.items.map(run => (
          <option key={run.id} value={run.short}>
            {run.suite}
          </option>
        ))}
      </datalist>
      {text('target', 'Target', { optional: true, hint: 'In runs that have several.' })}
      {text('authors', 'Other authors', { optional: true, hint: 'With commas between them.' })}
    </DialogForm>
  );
}
