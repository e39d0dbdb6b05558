import { useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, type Problem } from '../../api/client';
import type { ReviewProject, Sitting } from '../../api/review';
import { useKeys } from '../../app/keys';
import { Panel } from '../../ui/Page';
import { ProblemView } from '../../ui/States';
import { Text } from '../../ui/Text';
import { Guide } from './Guide';
import { Quiz, Training } from './Practice';
import { Rating } from './Rating';

/** A sitting of a rater: guide, training, quiz, queue, in this order. */
export function Sit({ path, project }: { path: string; project: ReviewProject }) {
  const client = useQueryClient();
  const [sitting, setSitting] = useState<Sitting | null>(null);
  const { mine } = project.item;
  // Who joins for the first time practises first; who comes back goes on, unless the quiz is still to be passed.
  const [practised, setPractised] = useState(mine !== null && mine.state !== 'new');
  const join = useMutation<Sitting, Problem>({
    mutationFn: () => api.post(`${path}/join`),
    onSuccess: found => {
      setSitting(found);
      void client.invalidateQueries({ queryKey: ['/review/projects'] });
    },
  });
  const leave = () => {
    setSitting(null);
    void client.invalidateQueries({ queryKey: [path] });
  };
  const stopped = mine?.state === 'suspended' || mine?.state === 'failed';
  useKeys(
    !sitting && !stopped ? { Enter: { does: 'begin', run: () => !join.isPending && join.mutate() } } : {},
  );
  if (!sitting) {
    return (
      <>
        {stopped ? (
          <Panel title={mine.state === 'failed' ? 'The quiz was not passed' : 'You are suspended'}>
            <p>
              <Text>{mine.why ?? 'Every attempt at the quiz is used up.'}</Text> Whoever leads the project can
              let you work again.
            </p>
          </Panel>
        ) : (
          <div className="row">
            <button
              type="button"
              className="button primary"
              disabled={join.isPending}
              onClick={() => join.mutate()}
            >
              {mine ? 'Go on' : 'Join'} <kbd aria-hidden>Enter</kbd>
            </button>
            <span className="muted">
              {mine && mine.place.rated > 0
                ? `${mine.place.rated} of ${mine.place.of} items rated`
                : 'Read this first. Where the project has a training and a quiz they come next, then the items.'}
            </span>
          </div>
        )}
        {join.error && <ProblemView error={join.error} />}
        <Guide guide={project.guide} />
      </>
    );
  }
  if (sitting.state === 'suspended' || sitting.state === 'failed')
    return (
      <Panel title="You get no items">
        <div className="stack">
          <p>
            <Text>{sitting.why ?? 'Every attempt at the quiz is used up.'}</Text> Whoever leads the project
            can let you work again.
          </p>
        </div>
      </Panel>
    );
  if (!practised && sitting.training.length > 0)
    return <Training path={path} sitting={sitting} done={() => setPractised(true)} />;
  if (sitting.state === 'new' && sitting.quiz)
    return (
      <Quiz
        key={sitting.quiz.attempts_left}
        path={path}
        sitting={sitting}
        passed={() => join.mutate()}
        failed={leave}
      />
    );
  return <Rating path={path} guide={sitting.guide} rejoin={leave} />;
}
