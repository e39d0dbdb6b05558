/** Answering the questions of an item: which key gives which answer, and what is answered so far. */
import type { Answers, Question, Span } from '../../api/review';

/** Letters with a meaning of their own on the page: undo, skip, flag, mark, instructions, pause, and `g` of "go to". */
const TAKEN = new Set('usfmipg');
const FREE = [...'1234567890', ...[...'abcdefghijklmnopqrstuvwxyz'].filter(letter => !TAKEN.has(letter))];

/** The keys of each answer of a closed question, the one that is shown first. */
export function keysOf(question: Question): string[][] {
  const { kind, answers } = question;
  if (kind === 'yes_no') return answers.map(({ value }) => (value === true ? ['y', '1'] : ['n', '2']));
  if (kind === 'pairwise')
    return answers.map(({ value }, index) => [
      String(index + 1),
      ...(value === 'tie' ? ['t'] : value === 'a' || value === 'b' ? [value] : []),
    ]);
  const steps = answers.map(({ value }) => value);
  // A scale of one-digit steps is answered by its steps.
  if (kind === 'ordinal' && steps.every(step => typeof step === 'number' && step >= 0 && step <= 9))
    return steps.map(step => [String(step)]);
  return answers.map((_, index) => (FREE[index] ? [FREE[index]] : []));
}

/** What is answered so far, and the question that keys belong to. */
export interface Form {
  questions: Question[];
  answers: Answers;
  at: number;
}

export const isClosed = (question: Question) => question.kind !== 'comment' && question.kind !== 'spans';

/** Marking nothing is an answer too. */
const isAnswered = (question: Question, answers: Answers) => {
  const value = answers[question.name];
  return question.kind === 'spans' || (value !== undefined && value !== null && value !== '');
};

export const spansOf = (answers: Answers, name: string): Span[] =>
  Array.isArray(answers[name]) ? (answers[name] as Span[]) : [];

/** Begins with what was said before; the first open question comes first. */
export function begin(questions: Question[], said: Answers): Form {
  const open = questions.findIndex(question => isClosed(question) && !isAnswered(question, said));
  return { questions, answers: { ...said }, at: Math.max(0, open) };
}

export const put = (form: Form, name: string, value: unknown): Form => ({
  ...form,
  answers: { ...form.answers, [name]: value },
});

/** Answers a question and goes on to the next closed one that has no answer yet. */
export function choose(form: Form, name: string, value: unknown): Form {
  const next = put(form, name, value);
  const from = form.questions.findIndex(question => question.name === name);
  const order = form.questions.map((_, index) => (from + 1 + index) % form.questions.length);
  const open = order.find(index => {
    const question = form.questions[index];
    return question && isClosed(question) && !isAnswered(question, next.answers);
  });
  return { ...next, at: open ?? from };
}

export const step = (form: Form, by: number): Form => ({
  ...form,
  at: Math.max(0, Math.min(form.questions.length - 1, form.at + by)),
});

/** The answer beside the one that is given; the first or the last when there is none. */
export function shift(form: Form, by: 1 | -1): Form {
  const question = form.questions[form.at];
  if (!question || question.answers.length === 0) return form;
  const last = question.answers.length - 1;
  const now = question.answers.findIndex(({ value }) => value === form.answers[question.name]);
  const index = now < 0 ? (by > 0 ? 0 : last) : Math.max(0, Math.min(last, now + by));
  return put(form, question.name, question.answers[index]?.value);
}

/** The questions that still need an answer. */
export const missing = (form: Form): Question[] =>
  form.questions.filter(question => question.required && !isAnswered(question, form.answers));

/** What is sent: answers to what is asked, without empty comments. */
export function said(form: Form): Answers {
  const entries = form.questions.flatMap(({ name, kind }): [string, unknown][] => {
    const value = form.answers[name];
    if (kind === 'spans') return [[name, spansOf(form.answers, name)]];
    if (kind === 'comment') return typeof value === 'string' && value.trim() ? [[name, value.trim()]] : [];
    return value === undefined || value === null ? [] : [[name, value]];
  });
  return Object.fromEntries(entries);
}

/** An answer in words: the anchor of a step, what was marked. */
export function inWords(question: Question | undefined, value: unknown): string {
  if (value === undefined || value === null) return 'no answer';
  if (Array.isArray(value))
    return (
      (value as Span[]).map(span => `“${span.text}”${span.label ? ` (${span.label})` : ''}`).join(', ') ||
      'nothing marked'
    );
  const known = question?.answers.find(answer => answer.value === value);
  if (!known) return typeof value === 'string' ? value : JSON.stringify(value);
  return question?.kind === 'ordinal' ? `${String(value)}: ${known.words}` : known.words;
}
