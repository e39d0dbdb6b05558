import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import type { Answers, Question, Shown, Span } from '../../api/review';
import { useKeys, type Keys } from '../../app/keys';
import { Text } from '../../ui/Text';
import { begin, choose, isClosed, keysOf, missing, put, said, shift, spansOf, step } from './answering';
import { Item, type Field } from './Item';
import { Marked, type Shade } from './Marked';
import { Questions } from './Questions';
import { mark } from './spans';

interface Props {
  /** Read first when the item comes: which item it is. */
  title: string;
  head?: ReactNode;
  content: Shown;
  questions: Question[];
  draft?: Answers;
  before?: Answers;
  /** The right answers, once they are told. */
  right?: Answers;
  submit: string;
  busy?: boolean;
  /** Under the questions: what went wrong, what was right. */
  foot?: ReactNode;
  onChange?: (answers: Answers) => void;
  onSubmit: (answers: Answers) => void;
}

/** A way to mark what is chosen: a question about spans with one of its names. */
interface Pen {
  question: Question;
  label?: string;
  look: number;
}

/** An item with its questions: everything can be done with the keys alone. One desk is for one item: give it a key. */
export function Desk(props: Props) {
  const { content, questions, busy } = props;
  const [form, setForm] = useState(() => begin(questions, props.draft ?? {}));
  const [chosen, setChosen] = useState<Span | null>(null);
  const [hint, setHint] = useState('');
  const title = useRef<HTMLHeadingElement>(null);
  const texts = useRef<HTMLDivElement>(null);
  useEffect(() => {
    title.current?.focus({ preventScroll: true });
    window.scrollTo({ top: 0 });
  }, []);
  const { onChange } = props;
  const change = (next: typeof form) => {
    setForm(next);
    setHint('');
    if (next.answers !== form.answers) onChange?.(next.answers);
  };
  const submit = () => {
    if (busy) return;
    const open = missing(form);
    if (open[0]) {
      setHint(`Still open: ${open.map(question => question.asks).join(' · ')}`);
      setForm({ ...form, at: questions.indexOf(open[0]) });
      return;
    }
    props.onSubmit(said(form));
  };
  const pens = useMemo(() => {
    let look = 0;
    return questions
      .filter(question => question.kind === 'spans')
      .flatMap(question =>
        (question.labels.length > 0 ? question.labels : [undefined]).map((label): Pen => ({
          question,
          label,
          look: look++,
        })),
      );
  }, [questions]);
  const lookOf = (span: Span, question: Question) =>
    pens.find(pen => pen.question.name === question.name && pen.label === span.label)?.look ?? 0;
  const { answers } = form;
  const shades = useMemo(
    () =>
      pens.flatMap(pen =>
        spansOf(answers, pen.question.name)
          .filter(span => span.label === pen.label)
          .map((span): Shade => ({ span, look: pen.look })),
      ),
    [pens, answers],
  );
  const pick = useCallback((span: Span | null) => setChosen(span), []);
  const draw = (pen: Pen) => {
    if (!chosen || busy) return;
    const { name } = pen.question;
    const span: Span = pen.label === undefined ? chosen : { ...chosen, label: pen.label };
    change(put(form, name, mark(spansOf(answers, name), span, textOf(content, span.field))));
    setChosen(null);
    document.getSelection()?.removeAllRanges();
  };
  const toText = () => texts.current?.querySelector<HTMLElement>('[data-field="output"]')?.focus();
  const keys: Keys = {
    Enter: { does: 'submit, or go to the first open question', run: submit },
    ArrowDown: { does: 'next question', run: () => change(step(form, 1)) },
    ArrowUp: { does: 'previous question', run: () => change(step(form, -1)) },
    ArrowRight: { does: 'next answer', run: () => !busy && change(shift(form, 1)) },
    ArrowLeft: { does: 'previous answer', run: () => !busy && change(shift(form, -1)) },
  };
  const current = questions[form.at];
  if (current && isClosed(current) && !busy)
    keysOf(current).forEach((own, index) => {
      const answer = current.answers[index];
      for (const key of own)
        if (answer)
          keys[key] = { does: answer.words, run: () => change(choose(form, current.name, answer.value)) };
    });
  if (pens.length > 0) {
    keys.m = { does: 'to the text: arrows choose words to mark, Shift several', run: toText };
    if (chosen) {
      pens.slice(0, 9).forEach((pen, index) => {
        keys[String(index + 1)] = {
          does: `mark as ${pen.label ?? pen.question.name}`,
          run: () => draw(pen),
        };
      });
      const [pen] = pens;
      if (pen) keys.Enter = { does: `mark as ${pen.label ?? pen.question.name}`, run: () => draw(pen) };
      keys.Escape = { does: 'mark nothing', run: () => setChosen(null) };
    }
  }
  useKeys(keys);
  const field: Field | undefined =
    pens.length === 0
      ? undefined
      : (name, label, text) => (
          <Marked field={name} label={label} text={text} shades={shades} chosen={chosen} choose={pick} />
        );
  return (
    <div className={content.other === null ? 'desk' : 'desk paired'}>
      <header className="desk-head">
        <h2 ref={title} tabIndex={-1}>
          {props.title}
        </h2>
        {props.head}
      </header>
      <div className="panel desk-item" ref={texts}>
        <div className="body">
          <Item content={content} field={field} />
        </div>
        {chosen && (
          <div className="pens" role="group" aria-label="Mark what is chosen">
            <span className="cut grow" role="status">
              <span className="sr">chosen: </span>
              <Text>{`“${chosen.text}”`}</Text>
            </span>
            {pens.map((pen, index) => (
              <button
                key={index}
                type="button"
                className="button small"
                onMouseDown={event => event.preventDefault()}
                onClick={() => draw(pen)}
              >
                {index < 9 && <kbd aria-hidden>{index + 1}</kbd>}
                <span className={`span look-${pen.look % 6}`}>
                  <Text>{pen.label ?? pen.question.name}</Text>
                </span>
              </button>
            ))}
            <button type="button" className="button quiet small" onClick={() => setChosen(null)}>
              <kbd aria-hidden>Esc</kbd> no mark
            </button>
          </div>
        )}
      </div>
      <div className="panel desk-form">
        <div className="body stack">
          <Questions
            form={form}
            disabled={busy}
            before={props.before}
            right={props.right}
            lookOf={lookOf}
            onChoose={(question, value) => change(choose(form, question.name, value))}
            onWrite={(question, value) => change(put(form, question.name, value))}
            onActive={at => setForm(now => ({ ...now, at }))}
            onSubmit={submit}
          />
          {props.foot}
          <div className="stack tight">
            <p className="unsure small" role="status">
              <Text>{hint}</Text>
            </p>
            <button type="button" className="button primary" disabled={busy} onClick={submit}>
              {props.submit} <kbd aria-hidden>Enter</kbd>
            </button>
          </div>
        </div>
      </div>
    </div>
  );
}

/** The text that a span stands in. */
function textOf(content: Shown, field: string): string {
  if (field === 'output') return content.output;
  if (field === 'output_2') return content.other ?? '';
  return content.contexts[Number(field.slice('contexts/'.length))] ?? '';
}
