import { useEffect, useId, useRef, type KeyboardEvent } from 'react';
import type { Answers, Question, Span } from '../../api/review';
import { Text } from '../../ui/Text';
import { inWords, isClosed, keysOf, spansOf, type Form } from './answering';

interface Props {
  form: Form;
  disabled?: boolean;
  /** What the rater said under an earlier rubric. */
  before?: Answers;
  /** Whether each closed question was answered rightly, once that is told. */
  right?: Answers;
  lookOf: (span: Span, question: Question) => number;
  onChoose: (question: Question, value: unknown) => void;
  onWrite: (question: Question, value: unknown) => void;
  onActive: (index: number) => void;
  onSubmit: () => void;
}

/** The questions about an item; the one that keys belong to is marked. */
export function Questions(props: Props) {
  const { form } = props;
  const list = useRef<HTMLOListElement>(null);
  const shown = useRef(form.at);
  useEffect(() => {
    // A new item is read from its beginning; after that the focus follows the question.
    if (shown.current === form.at) return;
    shown.current = form.at;
    const own = list.current?.children[form.at];
    if (own && !own.contains(document.activeElement))
      own.querySelector<HTMLElement>('[tabindex="0"], textarea, button')?.focus();
  }, [form.at]);
  return (
    <ol className="questions" ref={list}>
      {form.questions.map((question, index) => (
        <li
          key={question.name}
          className={index === form.at ? 'current' : undefined}
          onFocus={() => index !== form.at && props.onActive(index)}
        >
          <Asked {...props} question={question} active={index === form.at} />
        </li>
      ))}
    </ol>
  );
}

function Asked({ question, active, ...props }: Props & { question: Question; active: boolean }) {
  const id = useId();
  const { form, before, right } = props;
  const known = right && isClosed(question) && question.name in right;
  const hit = known && right[question.name] === form.answers[question.name];
  return (
    <>
      <h3 id={id}>
        <Text>{question.asks}</Text>
        {!question.required && <span className="faint small"> may be left out</span>}
      </h3>
      {isClosed(question) ? (
        <Options
          labelled={id}
          question={question}
          value={form.answers[question.name]}
          active={active}
          disabled={props.disabled}
          onChoose={value => props.onChoose(question, value)}
          onSubmit={props.onSubmit}
        />
      ) : question.kind === 'comment' ? (
        <textarea
          rows={2}
          maxLength={10_000}
          aria-labelledby={id}
          disabled={props.disabled}
          value={
            typeof form.answers[question.name] === 'string' ? (form.answers[question.name] as string) : ''
          }
          onChange={event => props.onWrite(question, event.target.value)}
          onKeyDown={event => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              props.onSubmit();
            }
          }}
        />
      ) : (
        <Spans
          question={question}
          spans={spansOf(form.answers, question.name)}
          lookOf={props.lookOf}
          disabled={props.disabled}
          onChange={spans => props.onWrite(question, spans)}
        />
      )}
      {known && (
        <p className={hit ? 'good small' : 'bad small'}>
          <span aria-hidden>{hit ? '✓ ' : '✗ '}</span>
          {hit ? 'right' : <Text>{`right is: ${inWords(question, right[question.name])}`}</Text>}
        </p>
      )}
      {before && question.name in before && (
        <p className="small muted">
          <Text>{`You said before the question changed: ${inWords(question, before[question.name])}`}</Text>
        </p>
      )}
    </>
  );
}

/** The answers of a closed question, each with its key; `active` while the keys belong to it. */
export function Options(props: {
  labelled: string;
  question: Question;
  value: unknown;
  active?: boolean;
  /** The arrows choose here: nobody else listens to them. */
  alone?: boolean;
  disabled?: boolean;
  onChoose: (value: unknown) => void;
  onSubmit?: () => void;
}) {
  const { question, value, active, alone } = props;
  const keys = alone ? [] : keysOf(question);
  const group = useRef<HTMLDivElement>(null);
  const given = question.answers.findIndex(answer => answer.value === value);
  const follows = active || alone;
  useEffect(() => {
    // The keys have changed the answer: the focus stays on the one that is given.
    if (follows && given >= 0 && group.current?.contains(document.activeElement))
      (group.current.children[given] as HTMLElement | undefined)?.focus();
  }, [given, follows]);
  const press = (event: KeyboardEvent, index: number) => {
    if (event.key === 'Enter' && props.onSubmit) {
      event.preventDefault();
      props.onSubmit();
    }
    const by = /^Arrow(Right|Down)$/.test(event.key) ? 1 : /^Arrow(Left|Up)$/.test(event.key) ? -1 : 0;
    const next = question.answers[index + by];
    if (!alone || by === 0) return;
    event.preventDefault();
    if (next) props.onChoose(next.value);
  };
  return (
    <div className="options" role="radiogroup" aria-labelledby={props.labelled} ref={group}>
      {question.answers.map((answer, index) => {
        const key = keys[index]?.[0];
        return (
          <button
            key={index}
            type="button"
            role="radio"
            aria-checked={index === given}
            tabIndex={index === Math.max(0, given) ? 0 : -1}
            disabled={props.disabled}
            onClick={() => props.onChoose(answer.value)}
            onKeyDown={event => press(event, index)}
          >
            {key && (
              <kbd className={active ? undefined : 'off'} aria-hidden>
                {key}
              </kbd>
            )}
            {question.kind === 'ordinal' && key !== String(answer.value) && (
              <span className="tab strong">{String(answer.value)}</span>
            )}
            <Text>{answer.words}</Text>
          </button>
        );
      })}
    </div>
  );
}

function Spans(props: {
  question: Question;
  spans: Span[];
  disabled?: boolean;
  lookOf: (span: Span, question: Question) => number;
  onChange: (spans: Span[]) => void;
}) {
  const { question, spans } = props;
  if (spans.length === 0)
    return (
      <p className="small muted">
        Nothing is marked. Select words in the text, or press <kbd>m</kbd> and choose them with the arrow
        keys.
      </p>
    );
  return (
    <ul className="spans" aria-label="Marked">
      {spans.map((span, index) => (
        <li key={`${span.field} ${span.start} ${span.end} ${span.label ?? ''}`}>
          <span className={`span look-${props.lookOf(span, question) % 6}`}>
            <Text>{span.text.length > 80 ? `${span.text.slice(0, 80)}…` : span.text}</Text>
          </span>
          {span.label && (
            <span className="small muted">
              <Text>{span.label}</Text>
            </span>
          )}
          <button
            type="button"
            className="button quiet small"
            aria-label={`Take the mark of “${span.text.slice(0, 40)}” away`}
            disabled={props.disabled}
            onClick={() => props.onChange(spans.filter((_, n) => n !== index))}
          >
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}
