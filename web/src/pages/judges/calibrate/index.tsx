import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, Problem } from '../../../api/client';
import {
  path,
  type CalibrateBody,
  type Calibrated,
  type JudgeItem,
  type JudgeView,
} from '../../../api/judges';
import { useGet } from '../../../api/queries';
import { formatOf, headOf, type Head } from '../../../format/head';
import { count } from '../../../format/number';
import { visible } from '../../../format/text';
import { FilePick } from '../../../ui/FilePick';
import { DialogForm, Field } from '../../../ui/Form';
import { Await, Empty } from '../../../ui/States';
import { Dialog } from '../../../ui/Overlay';
import { FileHead } from './FileHead';
import { FromProject, type Chosen } from './FromProject';
import { Done } from './Done';

type From = 'project' | 'file' | 'stored';

/** What a request may have. */
const LARGEST = 4 * 2 ** 20;

/** Compares a judge with what people say: of one that is shown, or of a project whose report is. */
export function Calibrate(props: { judge?: JudgeView; project?: string; close: () => void }) {
  const { judge, project, close } = props;
  const judges = useGet<JudgeItem[]>('/judges', undefined, { enabled: judge === undefined });
  if (judge) return <Form judge={judge.item} stored={judge.needed.stored} project={project} close={close} />;
  const known = judges.data?.filter(item => item.run !== null && item.current);
  if (!known || known.length === 0)
    return (
      <Dialog open close={close} title="Calibrate a judge">
        <Await query={judges} what="The judges">
          {() => (
            <Empty title="No run has a judge yet">
              A judge is a scorer of a suite. What people say of a run’s answers is compared with what a judge
              said of the same answers.
            </Empty>
          )}
        </Await>
      </Dialog>
    );
  return <Form judges={known} project={project} close={close} />;
}

function Form(props: {
  judge?: JudgeItem;
  judges?: JudgeItem[];
  /** Labels that are stored for the judge's question. */
  stored?: number;
  project?: string;
  close: () => void;
}) {
  const { judges, stored = 0, close } = props;
  const client = useQueryClient();
  const [id, setId] = useState(judges?.[0]?.id ?? '');
  const judge = props.judge ?? judges?.find(item => item.id === id);
  const [from, setFrom] = useState<From>('project');
  const [chosen, setChosen] = useState<Chosen>({ project: props.project ?? '', question: '', positive: [] });
  const [file, setFile] = useState<File | null>(null);
  const [head, setHead] = useState<Head | null>(null);
  const [said, setSaid] = useState({
    ...{ criterion: '', positive: '', drawn: '' },
    ...{ least: '', most: '', confidence: '', margin: '' },
  });
  const [rules, setRules] = useState({ replace: false, skip_unknown: false, unfinished: false });
  const [made, setMade] = useState<Calibrated | null>(null);
  const set = (name: keyof typeof said) => (event: { target: { value: string } }) =>
    setSaid({ ...said, [name]: event.target.value });
  const rule = (name: keyof typeof rules, text: string) => (
    <label className="check">
      <input
        type="checkbox"
        checked={rules[name]}
        onChange={event => setRules({ ...rules, [name]: event.target.checked })}
      />
      {text}
    </label>
  );

  if (made) return <Done made={made} close={close} here={props.judge !== undefined} />;
  const words = said.positive
    .split(',')
    .map(word => word.trim())
    .filter(Boolean);
  const act = async () => {
    if (!judge) throw new Problem(0, 'No judge', 'Choose a judge first.', null, {});
    const body: CalibrateBody = {
      ...(from === 'file' && file && { labels: { name: file.name, text: await file.text() } }),
      ...(from === 'project' && { project: chosen.project, question: chosen.question || undefined }),
      criterion: said.criterion.trim() || undefined,
      positive: from === 'project' ? chosen.positive : words,
      drawn: from === 'file' && said.drawn ? (said.drawn as CalibrateBody['drawn']) : undefined,
      scale: said.least && said.most ? [Number(said.least), Number(said.most)] : undefined,
      confidence: said.confidence ? Number(said.confidence) / 100 : undefined,
      margin: said.margin ? Number(said.margin) : undefined,
      ...rules,
    };
    if (new Blob([JSON.stringify(body)]).size > LARGEST)
      throw new Problem(
        413,
        'Too large',
        'A file of labels has at most about 4 MiB here.',
        `type in the project folder: \`assay judge calibrate ${judge.judge} --labels FILE\``,
        {},
      );
    return api.post<Calibrated>(`${path(judge.id)}/calibrate`, body);
  };
  const choose = async (label: File) => {
    setFile(label);
    setHead(headOf(await label.text(), formatOf(label.name) ?? 'jsonl', true));
  };
  return (
    <DialogForm<Calibrated>
      open
      wide
      close={close}
      title={props.judge ? `Calibrate ${visible(props.judge.judge)}` : 'Calibrate a judge'}
      text="What the judge said of answers that runs hold is compared with what people say of them. No model is asked."
      verb="Calibrate"
      act={act}
      done={answer => {
        setMade(answer);
        void client.invalidateQueries();
      }}
    >
      {judges && (
        <Field label="Judge" hint="Of newest runs; others are calibrated from their own page.">
          {ids => (
            <select {...ids} value={id} onChange={event => setId(event.target.value)}>
              {judges.map(item => (
                <option key={item.id} value={item.id}>
                  {visible(
                    `${item.judge}${item.suite === null ? '' : `, in ${item.suite}`}, grade ${item.grade}`,
                  )}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {props.project === undefined && (
        <fieldset className="checks">
          <legend>What people say</legend>
          {(
            [
              ['project', 'in a review project'],
              ['file', 'in a file of labels'],
              ['stored', `in the labels that are stored (${count(stored)})`],
            ] as const
          ).map(([value, text]) => (
            <label key={value}>
              <input
                type="radio"
                name="from"
                disabled={value === 'stored' && stored === 0}
                checked={from === value}
                onChange={() => setFrom(value)}
              />{' '}
              {text}
            </label>
          ))}
        </fieldset>
      )}
      {from === 'project' && <FromProject fixed={props.project} chosen={chosen} set={setChosen} />}
      {from === 'file' && (
        <>
          <FilePick
            label="Labels"
            hint="JSON lines or CSV: item or case (and target), label, and where known rater, criterion, drawn, chance. It can be dropped here."
            accept=".jsonl,.ndjson,.csv"
            file={file}
            choose={label => void choose(label)}
          />
          {head && <FileHead head={head} />}
          <Field label="How the labelled items were chosen" hint="Where the lines do not say.">
            {ids => (
              <select {...ids} value={said.drawn} onChange={set('drawn')}>
                <option value="">as the lines say, by hand otherwise</option>
                <option value="random">drawn at random</option>
                <option value="by_hand">by hand</option>
              </select>
            )}
          </Field>
        </>
      )}
      <div className="fields-2">
        <Field
          label="Criterion (optional)"
          hint={
            from === 'project'
              ? 'The question that the labels answer, under which they are kept; that of the project otherwise.'
              : judge?.criterion
                ? `The question that the labels answer; ${visible(judge.criterion)} as before otherwise.`
                : 'The question that the labels answer, under which they are kept.'
          }
        >
          {ids => <input {...ids} autoComplete="off" value={said.criterion} onChange={set('criterion')} />}
        </Field>
        {from !== 'project' && (
          <Field
            label="Labels that mean a pass (optional)"
            hint="With commas between them, such as good, fine; for words. Others then mean a fail."
          >
            {ids => <input {...ids} autoComplete="off" value={said.positive} onChange={set('positive')} />}
          </Field>
        )}
      </div>
      <details>
        <summary>Rules and level</summary>
        <div className="stack">
          <div className="stack tight">
            {rule('replace', 'Take the new label where the same rater said something else of an item before')}
            {rule('skip_unknown', 'Leave out labels of answers that no run has, instead of refusing all')}
            {rule('unfinished', 'Take them although more than a tenth of the lines have no label yet')}
          </div>
          <div className="fields-2">
            {(
              [
                ['least', 'most', 'Least label', 'The scale of the labels, where it is not the judge’s.'],
                ['most', 'least', 'Largest label', undefined],
              ] as const
            ).map(([name, other, label, hint]) => (
              <Field key={name} label={`${label} (optional)`} hint={hint}>
                {ids => (
                  <input
                    {...ids}
                    type="number"
                    step="any"
                    required={said[other] !== ''}
                    value={said[name]}
                    onChange={set(name)}
                  />
                )}
              </Field>
            ))}
            <Field
              label="Confidence in % (optional)"
              hint="The strictest that a gate of its runs asks for otherwise."
            >
              {ids => (
                <input
                  {...ids}
                  type="number"
                  min={50}
                  max={99.9999}
                  step="any"
                  value={said.confidence}
                  onChange={set('confidence')}
                />
              )}
            </Field>
            <Field
              label="Margin (optional)"
              hint="Of the differences that it is to decide; the gate's otherwise."
            >
              {ids => (
                <input
                  {...ids}
                  type="number"
                  min={0}
                  max={1}
                  step="any"
                  value={said.margin}
                  onChange={set('margin')}
                />
              )}
            </Field>
          </div>
        </div>
      </details>
    </DialogForm>
  );
}
