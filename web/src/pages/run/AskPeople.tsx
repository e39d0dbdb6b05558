import { useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { useQueryClient } from '@tanstack/react-query';
import { api, once } from '../../api/client';
import { useGet } from '../../api/queries';
import type { MadeProject, MakeProject } from '../../api/review';
import type { Page as List, RunItem } from '../../api/types';
import { DialogForm, Field } from '../../ui/Form';

/** A rubric to begin with: one question, which a judge can be calibrated by. */
const RUBRIC = `rubric: answers
instructions: |
  Read the question, then the answer. Judge the answer alone.
criteria:
  - name: correct
    kind: yes_no
    question: Is every fact in the answer right?
`;

const number = (text: string) => (text ? Number(text) : null);

/** Makes a project of human review of the run's answers. */
export function AskPeople({ run, close }: { run: RunItem; close: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const runs = useGet<List<RunItem>>('/runs', { suite: run.suite, status: 'sealed', limit: 50 });
  // The same wish sent again is the same attempt; a corrected one is another.
  const sent = useRef({ said: '', name: '' });
  const [said, setSaid] = useState({
    name: '',
    rubric: RUBRIC,
    target: run.targets[0] ?? '',
    against: '',
    count: '',
    people: '2',
    each: '2',
    reason: '',
  });
  const set = (name: keyof typeof said) => (event: { target: { value: string } }) =>
    setSaid({ ...said, [name]: event.target.value });
  const amount = (name: 'count' | 'people' | 'each', label: string, hint?: string) => (
    <Field label={label} hint={hint}>
      {ids => (
        <input
          {...ids}
          type="number"
          min={1}
          step={1}
          required={name !== 'count'}
          value={said[name]}
          onChange={set(name)}
        />
      )}
    </Field>
  );
  const read = async (file: File | undefined) => {
    if (!file) return;
    const rubric = await file.text();
    setSaid(before => ({ ...before, rubric }));
  };
  const others = runs.data?.items.flatMap(other =>
    other.targets
      .map(target => ({ id: `${other.id}:${target}`, text: `${other.short}:${target}` }))
      .filter(({ id }) => id !== `${run.id}:${said.target}`),
  );
  return (
    <DialogForm<MadeProject>
      open
      close={close}
      title="For people to rate"
      text="Draws answers of the run with a known chance and lays out who rates which. Raters see no target and no score."
      verb="Make the project"
      act={() => {
        const wish: MakeProject = {
          name: said.name.trim(),
          rubric: said.rubric,
          run: said.target ? `${run.id}:${said.target}` : run.id,
          against: said.against ? [said.against] : [],
          reason: said.reason.trim() || null,
          count: number(said.count),
          raters: number(said.people),
          raters_per_item: number(said.each),
        };
        const text = JSON.stringify(wish);
        if (text !== sent.current.said) sent.current = { said: text, name: once() };
        return api.post('/review/projects', wish, sent.current.name);
      }}
      done={made => {
        void client.invalidateQueries({ queryKey: ['/review/projects'] });
        void navigate(`/review/${encodeURIComponent(made.project.name)}`);
      }}
    >
      <Field label="Name of the project">
        {ids => <input {...ids} required value={said.name} onChange={set('name')} />}
      </Field>
      <Field
        label="Rubric"
        hint="What raters are asked: criteria of the kinds yes_no, ordinal, choice, pairwise, comment and spans."
      >
        {ids => (
          <textarea
            {...ids}
            required
            rows={9}
            className="mono"
            spellCheck={false}
            value={said.rubric}
            onChange={set('rubric')}
          />
        )}
      </Field>
      <Field label="Or a rubric file">
        {ids => (
          <input
            {...ids}
            type="file"
            accept=".yaml,.yml"
            onChange={event => void read(event.target.files?.[0])}
          />
        )}
      </Field>
      {run.targets.length > 1 && (
        <Field label="Answers of">
          {ids => (
            <select {...ids} value={said.target} onChange={set('target')}>
              {run.targets.map(target => (
                <option key={target}>{target}</option>
              ))}
            </select>
          )}
        </Field>
      )}
      <Field
        label="In blind pairs with (optional)"
        hint="For a rubric with a criterion of the kind pairwise."
      >
        {ids => (
          <select {...ids} value={said.against} onChange={set('against')}>
            <option value="">answers one by one</option>
            {others?.map(({ id, text }) => (
              <option key={id} value={id}>
                {text}
              </option>
            ))}
          </select>
        )}
      </Field>
      {amount('count', 'Answers (optional)', 'How many are drawn; all otherwise.')}
      {amount('people', 'Raters', 'Who the work is laid out for.')}
      {amount(
        'each',
        'Raters of an answer',
        'Of the fifth that several see, fifty at least: agreement is told by them.',
      )}
      {run.sealed_part && (
        <Field
          label="Why cases of a sealed part must be seen"
          hint="It is recorded with your name, for ever."
        >
          {ids => <input {...ids} required value={said.reason} onChange={set('reason')} />}
        </Field>
      )}
    </DialogForm>
  );
}
