import { useRef, useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { api, once } from '../../api/client';
import { suiteOf, type Job, type QueueBody, type SuiteFile } from '../../api/jobs';
import { useGet } from '../../api/queries';
import { useSession } from '../../app/session';
import { visible } from '../../format/text';
import { DialogForm, Field } from '../../ui/Form';
import { Said, Text } from '../../ui/Text';

/** Has the server execute a suite of the project's folder. */
export function RunSuite({ jobs, close }: { jobs: Job[]; close: () => void }) {
  const client = useQueryClient();
  const { project } = useSession();
  // The same wish sent again is the same attempt; a corrected one is another.
  const sent = useRef({ said: '', name: '' });
  const files = useGet<SuiteFile[]>('/suites/files');
  const [typed, setSaid] = useState<{ suite: string | null; tier: string; limit: string; dollars: string }>({
    suite: jobs[0] ? suiteOf(jobs[0]) : null,
    ...{ tier: '', limit: '', dollars: '' },
  });
  // The only one is meant; of several an empty field offers all.
  const only = files.data?.length === 1 ? files.data[0]?.path : undefined;
  const said = { ...typed, suite: typed.suite ?? only ?? '' };
  const chosen = files.data?.find(({ path }) => path === said.suite.trim());
  const field = (
    name: keyof typeof said,
    label: string,
    options: { hint?: string; list?: string; number?: { min: number; step: number | 'any' } } = {},
  ) => (
    <Field label={name === 'suite' ? label : `${label} (optional)`} hint={options.hint}>
      {ids => (
        <input
          {...ids}
          required={name === 'suite'}
          list={options.list}
          {...(options.number && { type: 'number', ...options.number })}
          value={said[name]}
          onChange={event => setSaid({ ...typed, [name]: event.target.value })}
        />
      )}
    </Field>
  );
  return (
    <DialogForm<Job>
      open
      close={close}
      title="Run a suite"
      text={
        <>
          The server executes it in your name, after those that are queued. Suites are files of the project
          folder <Text>{project}</Text>.
        </>
      }
      verb="Run"
      act={() => {
        const wish: QueueBody = {
          suite: said.suite.trim(),
          tier: said.tier.trim() || null,
          limit: said.limit ? Number(said.limit) : null,
          max_cost: said.dollars ? Number(said.dollars) : null,
          targets: [],
          labels: {},
          gate: false,
        };
        const text = JSON.stringify(wish);
        if (text !== sent.current.said) sent.current = { said: text, name: once() };
        return api.post('/jobs', wish, sent.current.name);
      }}
      done={() => {
        void client.invalidateQueries({ queryKey: ['/jobs'] });
        close();
      }}
    >
      {field('suite', 'Suite file', {
        list: 'suites',
        hint:
          files.data?.length === 0
            ? 'There is none yet: assay init writes a first one.'
            : chosen?.suite
              ? `The suite ${visible(chosen.suite)}.`
              : 'A file of the project folder; what is there is offered.',
      })}
      {chosen?.error && (
        <p className="unsure small">
          <Said>{chosen.error}</Said>
        </p>
      )}
      <datalist id="suites">
        {files.data?.map(({ path, suite, error }) => (
          <option key={path} value={path}>
            {visible(error === null ? (suite ?? '') : `✗ ${error}`)}
          </option>
        ))}
      </datalist>
      {field('tier', 'Tier', { hint: 'One that the suite names, such as smoke.' })}
      {field('limit', 'Cases at most', { number: { min: 1, step: 1 } })}
      {field('dollars', 'Dollars at most', {
        hint: "Instead of the suite's budget.",
        number: { min: 0, step: 'any' },
      })}
    </DialogForm>
  );
}
