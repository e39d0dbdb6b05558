import { useState } from 'react';
import { useMutation } from '@tanstack/react-query';
import { api, type Problem } from '../../api/client';
import type { Answers, Corrected, Question, QuizResult, Sitting } from '../../api/review';
import { useKeys } from '../../app/keys';
import { percent } from '../../format/number';
import { Panel } from '../../ui/Page';
import { ProblemView } from '../../ui/States';
import { Text } from '../../ui/Text';
import { Desk } from './Desk';

const asked = (sitting: Sitting, criteria: string[]): Question[] =>
  sitting.guide.questions.filter(question => criteria.includes(question.name));

/** The training: after each item the right answers are told. */
export function Training(props: { path: string; sitting: Sitting; done: () => void }) {
  const { path, sitting } = props;
  const [at, setAt] = useState(0);
  const check = useMutation<Corrected, Problem, Answers>({
    mutationFn: answers => api.post(`${path}/training`, { item: at, answers }),
  });
  const exercise = sitting.training[at];
  if (!exercise) return null;
  const last = at + 1 === sitting.training.length;
  const on = () => {
    check.reset();
    if (last) props.done();
    else setAt(at + 1);
  };
  const told = check.data;
  return (
    <Desk
      key={at}
      title={`Training ${at + 1} of ${sitting.training.length}`}
      head={
        <div className="actions">
          <button type="button" className="button quiet small" onClick={props.done}>
            Leave the training
          </button>
        </div>
      }
      content={exercise.content}
      questions={asked(sitting, exercise.criteria)}
      right={told?.answers}
      submit={told ? (last ? 'Go on' : 'Next') : 'Check'}
      busy={check.isPending}
      onSubmit={answers => (told ? on() : check.mutate(answers))}
      foot={
        <div role="status">
          {told && (
            <p className={told.right ? 'notice good' : 'notice unsure'}>
              <span className="strong">{told.right ? '✓ All right.' : '✗ Not quite.'}</span>{' '}
              <Text>{told.why}</Text>
            </p>
          )}
          {check.error && <ProblemView error={check.error} />}
        </div>
      }
    />
  );
}

/** The quiz: its items one after the other, sent together, and how it went. */
export function Quiz(props: { path: string; sitting: Sitting; passed: () => void; failed: () => void }) {
  const { path, sitting } = props;
  const [given, setGiven] = useState<Answers[]>([]);
  const send = useMutation<QuizResult, Problem, Answers[]>({
    mutationFn: answers => api.post(`${path}/quiz`, { answers }),
  });
  const { quiz } = sitting;
  const result = send.data;
  const on = result?.passed ? props.passed : props.failed;
  useKeys(result ? { Enter: { does: 'go on', run: on } } : {});
  if (!quiz) return null;
  const exercise = quiz.items[given.length];
  if (result) return <Result result={result} pass={quiz.pass} on={on} />;
  if (!exercise)
    return (
      <Panel title="Quiz">
        {send.error ? (
          <ProblemView error={send.error} retry={() => send.mutate(given)} />
        ) : (
          <p role="status">Marking the quiz…</p>
        )}
      </Panel>
    );
  return (
    <Desk
      key={given.length}
      title={`Quiz ${given.length + 1} of ${quiz.items.length}`}
      head={
        <span className="muted small">
          {percent(quiz.pass)} right are needed ·{' '}
          {quiz.attempts_left === 1 ? 'the last attempt' : `${quiz.attempts_left} attempts left`}
        </span>
      }
      content={exercise.content}
      questions={asked(sitting, exercise.criteria)}
      submit={given.length + 1 === quiz.items.length ? 'Hand in' : 'Next'}
      onSubmit={answers => {
        const all = [...given, answers];
        setGiven(all);
        if (all.length === quiz.items.length) send.mutate(all);
      }}
    />
  );
}

function Result({ result, pass, on }: { result: QuizResult; pass: number; on: () => void }) {
  const { right, of, passed, attempts_left: left } = result;
  return (
    <Panel title={passed ? 'Quiz passed' : 'Quiz not passed'}>
      <div className="stack tight" role="status">
        <p>
          {right} of {of} items were right; {percent(pass)} are needed.
        </p>
        {!passed && (
          <p className="muted">
            {left > 0
              ? `You may try ${left === 1 ? 'once' : `${left} times`} more. Read the instructions again first.`
              : 'No attempt is left. Whoever leads the project can let you try again.'}
          </p>
        )}
        <div>
          <button type="button" className="button primary" autoFocus onClick={on}>
            {passed ? 'To the first item' : left > 0 ? 'Back to the instructions' : 'Go on'}
          </button>
        </div>
      </div>
    </Panel>
  );
}
