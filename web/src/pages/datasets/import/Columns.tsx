import type { Head } from '../../../format/head';
import { visible } from '../../../format/text';
import { Field } from '../../../ui/Form';
import { Said, Text } from '../../../ui/Text';
import { give, MEANING, nested, SINGLE, type Role } from './roles';

/** Longer values say nothing more about a column. */
const SHOWN = 160;
/** A table of more columns than these is not given roles one by one. */
const MOST = 200;

const NAMES: Record<Role, string> = {
  input: 'input',
  id: 'id',
  expected: 'expected',
  contexts: 'contexts',
  cluster: 'cluster',
  weight: 'weight',
  critical: 'critical',
  metadata: 'metadata',
  outputs: 'output',
  none: 'not read',
  object: 'read as it is',
};

/** Every column with what it is and its first values. */
export function Columns(props: {
  head: Head;
  roles: Role[];
  set: (roles: Role[]) => void;
  faults: string[];
}) {
  const { head, roles, set, faults } = props;
  const choices = (Object.keys(MEANING) as Exclude<Role, 'object'>[]).filter(
    role => !nested(head) || !['input', 'none'].includes(role),
  );
  return (
    <div className="stack tight">
      <div className="scrolls" tabIndex={0} role="group" aria-label="Columns of the file">
        <table className="table" aria-label="What each column is">
          <thead>
            <tr>
              <th scope="col">column</th>
              <th scope="col">is</th>
              {head.rows.slice(0, 3).map((_, index) => (
                <th key={index} scope="col">
                  row {index + 1}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {head.columns.slice(0, MOST).map((name, at) => (
              <tr key={at}>
                <th scope="row" className="wrap">
                  <Text>{name}</Text>
                </th>
                <td>
                  {roles[at] === 'object' ? (
                    <span className="muted nowrap">{NAMES.object}</span>
                  ) : (
                    <select
                      aria-label={`What ${visible(name)} is`}
                      value={roles[at]}
                      onChange={event => set(give(head, roles, at, event.target.value as Role))}
                    >
                      {choices.map(role => (
                        <option key={role} value={role}>
                          {NAMES[role]}
                        </option>
                      ))}
                    </select>
                  )}
                </td>
                {head.rows.slice(0, 3).map((row, index) => (
                  <td key={index}>
                    <div className="two-lines sample">
                      {row[at] === null ? (
                        <span className="faint">–</span>
                      ) : (
                        <Text>{row[at]?.slice(0, SHOWN)}</Text>
                      )}
                    </div>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {head.columns.length > MOST && (
        <p className="faint small">Columns after the first {MOST} are inputs.</p>
      )}
      {faults.map(fault => (
        <p key={fault} className="unsure small">
          <Said>{fault}</Said>
        </p>
      ))}
      <details className="small muted">
        <summary>What they mean</summary>
        <dl className="facts">
          {choices
            .filter(role => role !== 'none')
            .map(role => (
              <div key={role} className="contents">
                <dt>{NAMES[role]}</dt>
                <dd>
                  <Said>{MEANING[role]}</Said>
                </dd>
              </div>
            ))}
        </dl>
      </details>
    </div>
  );
}

/** The same for a file whose columns only the server can read: names, which are typed. */
export function ColumnsUnseen(props: {
  said: Record<string, string>;
  set: (said: Record<string, string>) => void;
}) {
  const { said, set } = props;
  const field = (key: string, label: string, hint?: string) => (
    <Field key={key} label={`${label} (optional)`} hint={hint}>
      {ids => (
        <input
          {...ids}
          autoComplete="off"
          value={said[key] ?? ''}
          onChange={event => set({ ...said, [key]: event.target.value })}
        />
      )}
    </Field>
  );
  return (
    <details open>
      <summary>Columns, where their names are not the usual ones</summary>
      <div className="fields-2">
        {field('input', 'inputs', 'With commas between them; all that nothing else claims otherwise.')}
        {SINGLE.map(role => field(role, NAMES[role], MEANING[role]))}
        {field('metadata', 'metadata', 'With commas between them: what slices are made of.')}
        {field('outputs', 'outputs', 'With commas between them: answers that exist already.')}
      </div>
    </details>
  );
}
