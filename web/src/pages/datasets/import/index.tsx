import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { Problem, upload } from '../../../api/client';
import { mostOf, NAME, nameOf, path, TOOLS, type DatasetItem, type Imported } from '../../../api/datasets';
import { useGet } from '../../../api/queries';
import type { Page as List } from '../../../api/types';
import { FORMATS, formatOf, headOf, LOOKED_AT, type Head } from '../../../format/head';
import { percent } from '../../../format/number';
import { FilePick } from '../../../ui/FilePick';
import { DialogForm, Field } from '../../../ui/Form';
import { Text } from '../../../ui/Text';
import { Columns, ColumnsUnseen } from './Columns';
import { Made } from './Made';
import { found, say, type Role } from './roles';

/** What is in the file: columns that people give roles to, or the form of a tool. */
const TABLE = 'table';

interface Looked {
  head: Head | null;
  /** Its first lines, where it has lines. */
  text: string | null;
}

/** Takes a file over as the newest version of a dataset: `dataset`, or one that is named here. */
export function Import({ dataset, close }: { dataset?: string; close: () => void }) {
  const client = useQueryClient();
  const list = useGet<List<DatasetItem>>('/datasets', { limit: 200 }, { enabled: dataset === undefined });
  const [file, setFile] = useState<File | null>(null);
  const [looked, setLooked] = useState<Looked>({ head: null, text: null });
  const [roles, setRoles] = useState<Role[]>([]);
  const [unseen, setUnseen] = useState<Record<string, string>>({});
  const [redact, setRedact] = useState(false);
  const [casesOnly, setCasesOnly] = useState(false);
  const [said, setSaid] = useState({
    ...{ name: dataset ?? '', tool: TABLE, format: '', tag: '', note: '', where: '', limit: '' },
  });
  const [share, setShare] = useState(0);
  const [made, setMade] = useState<Imported | null>(null);
  const stop = useRef<AbortController>(null);
  const set = (name: keyof typeof said) => (event: { target: { value: string } }) =>
    setSaid({ ...said, [name]: event.target.value });

  const format = said.format || (file && formatOf(file.name));
  const look = async (chosen: File, as: string | null) => {
    const text = await chosen.slice(0, LOOKED_AT).text();
    const head = headOf(text, as, chosen.size <= LOOKED_AT);
    setLooked({ head, text: text.includes('\0') ? null : text });
    setRoles(head ? found(head) : []);
  };
  const choose = (chosen: File) => {
    setFile(chosen);
    const suggested = said.name === '' || (file && said.name === nameOf(file.name));
    setSaid({
      ...said,
      format: '',
      // Logs of Inspect have an ending of their own.
      tool: /\.eval$/i.test(chosen.name) ? 'auto' : said.tool,
      name: dataset ?? (suggested ? nameOf(chosen.name) : said.name),
    });
    void look(chosen, formatOf(chosen.name));
  };

  if (made) return <Made made={made} close={close} />;
  const table = said.tool === TABLE;
  const { head } = looked;
  const seen = head !== null && head.columns.length > 0;
  const { fields, faults } = seen ? say(head, roles) : { fields: unseen, faults: [] };
  const known = list.data?.items.find(item => item.name === said.name.trim());
  const leave = () => {
    stop.current?.abort();
    close();
  };
  const act = () => {
    if (!file) throw new Problem(0, 'No file', 'Choose the file first.', null, {});
    const name = said.name.trim();
    const most = mostOf(table ? format : null);
    if (file.size > most * 2 ** 20)
      throw new Problem(
        413,
        'Too large',
        `Such a file has at most ${most} MiB here.`,
        table && most < 256
          ? 'save it as JSON lines, CSV or Parquet'
          : `type in the project folder: \`assay dataset ${table ? 'add' : 'import'} ${name} FILE\``,
        {},
      );
    const why = faults.at(-1);
    if (table && why !== undefined) throw new Problem(0, 'That cannot be done', why, null, {});
    stop.current = new AbortController();
    setShare(0);
    return upload<Imported>(
      `${path(name)}/import`,
      {
        file: file.name,
        ...(table
          ? { format: said.format, ...fields, where: said.where.trim(), limit: said.limit }
          : { tool: said.tool, cases_only: casesOnly || undefined }),
        redact: redact ? 'default' : undefined,
        tag: said.tag.trim(),
        note: said.note.trim(),
      },
      file,
      { sent: setShare, stop: stop.current.signal },
    );
  };
  return (
    <DialogForm<Imported>
      open
      wide
      close={leave}
      title={dataset === undefined ? 'Import a dataset' : `Import a new version of ${dataset}`}
      text="The cases of a file become a version that nobody can change; the record says who imported it."
      verb="Import"
      act={async () => act()}
      done={answer => {
        setMade(answer);
        void client.invalidateQueries();
      }}
      during={<Progress share={share} />}
      stop={() => stop.current?.abort()}
    >
      <FilePick
        label="File"
        hint="JSONL, CSV, TSV, Parquet, Arrow, XLSX, YAML or JSON, or what a tool wrote. It can be dropped here."
        file={file}
        choose={choose}
      />
      <div className="fields-2">
        {dataset === undefined && (
          <Field
            label="Name of the dataset"
            hint={
              known
                ? `It exists: the file becomes its version @${(known.version ?? 0) + 1}, unless nothing has changed.`
                : 'Letters, digits, “-”, “_” and “.”.'
            }
          >
            {ids => (
              <input
                {...ids}
                required
                maxLength={100}
                pattern={NAME}
                title="Letters, digits, “-”, “_” and “.”, of which the first is a letter, a digit or “_”"
                autoComplete="off"
                value={said.name}
                onChange={set('name')}
              />
            )}
          </Field>
        )}
        <Field
          label="What it is"
          hint={
            table
              ? undefined
              : 'One file; a folder, as HELM writes it, is for the command: assay dataset import.'
          }
        >
          {ids => (
            <select {...ids} value={said.tool} onChange={set('tool')}>
              <option value={TABLE}>a table, or lines</option>
              <option value="auto">written by a tool, known by its content</option>
              <optgroup label="Written by">
                {Object.entries(TOOLS).map(([tool, name]) => (
                  <option key={tool} value={tool}>
                    {name}
                  </option>
                ))}
              </optgroup>
            </select>
          )}
        </Field>
        {table && (
          <Field label="Format">
            {ids => (
              <select
                {...ids}
                required={file !== null && format === null}
                value={said.format}
                onChange={event => {
                  set('format')(event);
                  if (file) void look(file, event.target.value || formatOf(file.name));
                }}
              >
                <option value="">
                  {file
                    ? (formatOf(file.name) ?? 'its ending says nothing: choose one')
                    : "by the file's ending"}
                </option>
                {FORMATS.map(name => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            )}
          </Field>
        )}
      </div>
      {table && head?.fault && <p className="notice unsure">{head.fault}</p>}
      {table && seen && <Columns head={head} roles={roles} set={setRoles} faults={faults} />}
      {table && file && !seen && <ColumnsUnseen said={unseen} set={setUnseen} />}
      {!table && file && (
        <>
          {looked.text !== null && (
            <div className="scrolls first-lines" tabIndex={0} role="group" aria-label="Its first lines">
              <div className="text-block small">
                <Text>{firstLines(looked.text)}</Text>
              </div>
            </div>
          )}
          <label className="check">
            <input
              type="checkbox"
              checked={casesOnly}
              onChange={event => setCasesOnly(event.target.checked)}
            />
            Only the cases: make no run of the answers and scores that it holds
          </label>
        </>
      )}
      <label className="check">
        <input type="checkbox" checked={redact} onChange={event => setRedact(event.target.checked)} />
        Take personal data and secrets out on the way in; what is found never reaches the disk
      </label>
      <div className="fields-2">
        <Field label="Tag (optional)" hint="A name for the version that can move, such as approved.">
          {ids => <input {...ids} autoComplete="off" value={said.tag} onChange={set('tag')} />}
        </Field>
        <Field label="Note (optional)" hint="Recorded with the version.">
          {ids => <input {...ids} value={said.note} onChange={set('note')} />}
        </Field>
      </div>
      {table && (
        <details>
          <summary>Only a part of it</summary>
          <div className="fields-2">
            <Field label="Cases where (optional)" hint="Of one slice, such as language=de.">
              {ids => <input {...ids} autoComplete="off" value={said.where} onChange={set('where')} />}
            </Field>
            <Field label="Cases at most (optional)">
              {ids => (
                <input {...ids} type="number" min={1} step={1} value={said.limit} onChange={set('limit')} />
              )}
            </Field>
          </div>
        </details>
      )}
    </DialogForm>
  );
}

const firstLines = (text: string) =>
  text
    .split('\n', 12)
    .map(line => line.slice(0, 300))
    .join('\n');

function Progress({ share }: { share: number }) {
  return (
    <div className="row" role="status">
      {share < 1 ? (
        <>
          <progress max={1} value={share} aria-label="Sent" /> {percent(share)} sent
        </>
      ) : (
        <>
          <progress aria-label="The server reads it" /> All of it has arrived; the server reads the cases…
        </>
      )}
    </div>
  );
}
