import { useGet } from '../../../api/queries';
import type { Question, ReviewProject, ReviewProjectItem } from '../../../api/review';
import { count } from '../../../format/number';
import { readable, visible } from '../../../format/text';
import { Checks, Field } from '../../../ui/Form';
import { ProblemView } from '../../../ui/States';
import { Text } from '../../../ui/Text';

export interface Chosen {
  project: string;
  question: string;
  positive: string[];
}

/** Questions whose answers a judge can be compared with. */
const closed = ({ kind }: Question) => kind !== 'comment' && kind !== 'spans';

/** A project, one of its questions, and which answers to it mean a pass where they are more than yes and no. */
export function FromProject(props: { fixed?: string; chosen: Chosen; set: (chosen: Chosen) => void }) {
  const { fixed, chosen, set } = props;
  const projects = useGet<ReviewProjectItem[]>('/review/projects', undefined, {
    enabled: fixed === undefined,
  });
  const project = useGet<ReviewProject>(`/review/projects/${encodeURIComponent(chosen.project)}`, undefined, {
    enabled: chosen.project !== '',
  });
  const questions = project.data?.guide.questions.filter(closed) ?? [];
  const question = questions.find(({ name }) => name === chosen.question) ?? questions[0];
  const ask = question && (question.kind === 'choice' || question.kind === 'ordinal');
  return (
    <>
      {fixed === undefined && (
        <Field
          label="Project"
          hint={
            projects.data?.length === 0
              ? 'There is none yet: “Use it”, “For people to rate…” of a run makes one.'
              : undefined
          }
        >
          {ids => (
            <select
              {...ids}
              required
              value={chosen.project}
              onChange={event => set({ project: event.target.value, question: '', positive: [] })}
            >
              <option value="">choose one</option>
              {projects.data?.map(item => (
                <option key={item.name} value={item.name}>
                  {visible(item.name)}, {count(item.complete)} of {count(item.items)} items complete
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {projects.error && <ProblemView error={projects.error} />}
      {project.error && <ProblemView error={project.error} />}
      {project.data && questions.length === 0 && (
        <p className="notice unsure">
          The project asks nothing that a judge can be compared by: no question with yes and no, a scale or a
          choice.
        </p>
      )}
      {questions.length > 1 && (
        <Field label="Question" hint="Whose answers are the labels.">
          {ids => (
            <select
              {...ids}
              required
              value={chosen.question}
              onChange={event => set({ ...chosen, question: event.target.value, positive: [] })}
            >
              <option value="">choose one</option>
              {questions.map(({ name, asks }) => (
                <option key={name} value={name}>
                  {visible(`${name}: ${asks}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {ask && (questions.length === 1 || chosen.question) && (
        <>
          <Checks
            legend="Answers that mean a pass"
            choices={question.answers.map(({ value, words }) => ({
              value: readable(value),
              text: (
                <>
                  <Text>{readable(value)}</Text>
                  {words && (
                    <span className="muted">
                      {' '}
                      <Text>{words}</Text>
                    </span>
                  )}
                </>
              ),
            }))}
            chosen={chosen.positive}
            set={positive => set({ ...chosen, positive })}
          />
          <p className="faint small">
            For a judge that says pass or fail; a judge with a scale is compared step by step, and needs none.
          </p>
        </>
      )}
    </>
  );
}
