import { useCallback, useEffect, useReducer, useRef, useState, type ReactNode } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from 'react-router';
import { api, Problem } from '../../api/client';
import type { Answers, Guide as GuideModel, NextTask, Rated, ReviewTask } from '../../api/review';
import { useKeys, type Keys } from '../../app/keys';
import { count } from '../../format/number';
import { stamp } from '../../format/time';
import { Dialog } from '../../ui/Overlay';
import { Panel } from '../../ui/Page';
import { Loading, ProblemView } from '../../ui/States';
import { Text } from '../../ui/Text';
import { Desk } from './Desk';
import { useDraft, type Kept } from './draft';
import { Guide } from './Guide';
import { EMPTY, follow } from './queue';
import { Stopwatch } from './stopwatch';

const TRIES = 3;

/** Asks again for a while when the server is away; sending the same twice is safe. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++)
    try {
      return await ask();
    } catch (error) {
      const away = error instanceof Problem && (error.status === 0 || error.status === 503);
      if (!away || tried >= TRIES) throw error;
      await new Promise(done => setTimeout(done, 400 * 2 ** tried));
    }
}

const isConflict = (error: unknown) => error instanceof Problem && error.status === 409;

/** The queue: one item after the other until nothing is left. */
export function Rating(props: { path: string; guide: GuideModel; rejoin: () => void }) {
  const { path, guide } = props;
  const [queue, tell] = useReducer(follow, EMPTY);
  const [dialog, setDialog] = useState<'guide' | 'skip' | 'flag' | null>(null);
  const [flagged, setFlagged] = useState<string | null>(null);
  const [watch] = useState(() => new Stopwatch());
  const { kept, draft } = useDraft(path);
  const { screen } = queue;
  const client = useQueryClient();
  // How far the project is, above, was told before this sitting.
  const over = screen.at === 'done';
  useEffect(() => {
    if (over) void client.invalidateQueries({ queryKey: [path] });
  }, [over, client, path]);
  const task = screen.at === 'item' || screen.at === 'sending' ? screen.task : null;

  const fetching = screen.at === 'fetching';
  useEffect(() => {
    if (!fetching) return;
    let here = true;
    patiently(() => api.post<NextTask>(`${path}/next`))
      .then(next => here && tell({ is: 'came', next }))
      .catch((problem: unknown) => here && tell({ is: 'failed', problem }));
    return () => {
      here = false;
    };
  }, [fetching, queue.asked, path]);

  const lease = task?.lease;
  useEffect(() => {
    watch.reset();
  }, [lease, watch]);
  // Time counts while the item is on the screen and the page is seen.
  const atItem = screen.at === 'item';
  useEffect(() => {
    if (!atItem) return;
    const look = () => (document.visibilityState === 'hidden' ? watch.stop() : watch.start());
    look();
    document.addEventListener('visibilitychange', look);
    return () => {
      watch.stop();
      document.removeEventListener('visibilitychange', look);
    };
  }, [atItem, lease, watch]);

  const submit = async (of: ReviewTask, answers: Answers) => {
    const ms = watch.ms;
    draft.drop();
    tell({ is: 'sent' });
    try {
      const rated = await patiently(() =>
        api.post<Rated>(`${path}/ratings`, { lease: of.lease, answers, ms }),
      );
      tell({ is: 'kept', place: rated.place, stopped: rated.stopped });
      if (rated.next) tell({ is: 'came', next: rated.next });
    } catch (error) {
      if (isConflict(error)) tell({ is: 'lost', why: (error as Problem).detail });
      else {
        draft.change(of.lease, answers);
        tell({ is: 'failed', problem: error });
      }
    }
  };
  const busy = useRef(false);
  const once = async (act: () => Promise<void>) => {
    if (busy.current) return;
    busy.current = true;
    try {
      await act();
    } catch (error) {
      tell({ is: 'failed', problem: error });
    } finally {
      busy.current = false;
    }
  };
  const undo = () =>
    once(async () => {
      await draft.flush();
      tell({ is: 'taken back', task: await api.post<ReviewTask>(`${path}/undo`) });
    });
  const note = (kind: 'skip' | 'flag', text: string) =>
    once(async () => {
      if (!task) return;
      setDialog(null);
      try {
        await api.post(`${path}/notes`, { lease: task.lease, kind, text });
      } catch (error) {
        if (!isConflict(error)) throw error;
        tell({ is: 'lost', why: (error as Problem).detail });
        return;
      }
      if (kind === 'skip') {
        draft.drop();
        tell({ is: 'left out' });
      } else setFlagged(task.lease);
    });
  const pause = () => {
    void draft.flush();
    tell({ is: 'paused' });
  };
  const resume = () => tell({ is: 'resumed', now_us: Date.now() * 1000 });
  const ask = useCallback(() => tell({ is: 'asked' }), []);

  const keys: Keys = { i: { does: 'instructions', run: () => setDialog('guide') } };
  if ((queue.place?.rated ?? 0) > 0 && (screen.at === 'item' || screen.at === 'done'))
    keys.u = { does: 'take the last item back', run: () => void undo() };
  if (screen.at === 'item') {
    keys.s = { does: 'skip the item: somebody else gets it', run: () => setDialog('skip') };
    keys.f = { does: 'flag the item for a talk', run: () => setDialog('flag') };
    keys.p = { does: 'pause', run: pause };
  }
  if (screen.at === 'paused') keys.p = keys.Enter = { does: 'go on', run: resume };
  if (screen.at === 'lost') keys.Enter = { does: 'next item', run: ask };
  if (screen.at === 'quiz') keys.Enter = { does: 'to the quiz', run: props.rejoin };
  useKeys(keys);

  const problem = queue.problem !== null && (
    <ProblemView error={queue.problem} retry={fetching ? ask : undefined} />
  );
  const back = (
    <Link to="/review" className="button">
      To the projects
    </Link>
  );
  return (
    <>
      {fetching && (queue.problem !== null ? problem : <Loading what="The next item" />)}
      {task && (
        <Desk
          key={task.lease}
          title={`Item ${count(task.number)} of ${count(task.of)}`}
          head={
            <>
              <progress
                value={task.number - 1}
                max={Math.max(1, task.of)}
                aria-label={`${task.number - 1} of ${task.of} items rated`}
              />
              <Saved kept={kept} sending={screen.at === 'sending'} />
              {flagged === task.lease && <span className="unsure small">⚑ flagged</span>}
              <div className="actions">
                <Act of={keys.u} k="u" text="Undo" />
                <Act of={keys.s} k="s" text="Skip" />
                <Act of={keys.f} k="f" text="Flag" />
                <Act of={keys.i} k="i" text="Instructions" />
                <Act of={keys.p} k="p" text="Pause" />
              </div>
            </>
          }
          content={task.content}
          questions={guide.questions.filter(question => task.criteria.includes(question.name))}
          draft={task.draft}
          before={task.before}
          submit="Submit"
          busy={screen.at === 'sending'}
          onChange={answers => draft.change(task.lease, answers)}
          onSubmit={answers => void submit(task, answers)}
          foot={problem}
        />
      )}
      {screen.at === 'paused' && (
        <Card title="Paused" text={`The item is kept for you until ${stamp(screen.task.until_us)}.`}>
          <Go text="Go on" run={resume} />
        </Card>
      )}
      {screen.at === 'lost' && (
        <Card title="This item is not with you any more" text={screen.why}>
          <Go text="Next item" run={ask} />
        </Card>
      )}
      {screen.at === 'quiz' && (
        <Card title="The quiz comes first" text="Items come once the quiz is passed.">
          <Go text="To the quiz" run={props.rejoin} />
        </Card>
      )}
      {screen.at === 'stopped' && (
        <Card
          title="You get no items at the moment"
          text={`${screen.why}. What you rated is kept. Talk to whoever leads the project: they can let you work again.`}
        >
          {back}
        </Card>
      )}
      {screen.at === 'done' && (
        <Card title="Done" text={screen.why}>
          {back}
          <Act of={keys.u} k="u" text="Take the last item back" />
        </Card>
      )}
      {screen.at === 'done' && problem}
      <Dialog open={dialog === 'guide'} close={() => setDialog(null)} title={guide.title}>
        <Guide guide={guide} />
      </Dialog>
      <Remark
        open={dialog === 'skip'}
        title="Skip this item"
        text="Somebody else gets it, and it does not come back to you."
        act="Skip"
        close={() => setDialog(null)}
        send={text => void note('skip', text)}
      />
      <Remark
        open={dialog === 'flag'}
        title="Flag this item for a talk"
        text="Please answer it all the same."
        act="Flag"
        close={() => setDialog(null)}
        send={text => void note('flag', text)}
      />
    </>
  );
}

const SAID: Record<Kept, [string, string]> = {
  kept: ['muted', '✓ draft kept'],
  waiting: ['muted', '… draft'],
  sending: ['muted', '… keeping the draft'],
  failed: ['bad', '✗ draft not kept: the server does not answer; trying again'],
  gone: ['bad', '✗ draft not kept: the item is not with you any more'],
};

function Saved({ kept, sending }: { kept: Kept | null; sending: boolean }) {
  const [tone, text] = sending ? ['muted', '… sending'] : kept ? SAID[kept] : ['muted', ''];
  return (
    <span className={`saved small ${tone}`} role="status">
      {text}
    </span>
  );
}

/** A button for what a key does; it is away while the key does nothing. */
function Act({ of, k, text }: { of: { run: () => void } | undefined; k: string; text: string }) {
  return (
    <button type="button" className="button quiet small" disabled={!of} onClick={of?.run}>
      <kbd aria-hidden>{k}</kbd> {text}
    </button>
  );
}

/** What has happened instead of an item, with the next step in focus. */
function Card({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  const head = useRef<HTMLDivElement>(null);
  useEffect(() => {
    head.current?.querySelector<HTMLElement>('a, button:not(:disabled)')?.focus();
  }, []);
  return (
    <Panel title={title}>
      <div className="stack" ref={head}>
        <p role="status">
          <Text>{text}</Text>
        </p>
        <div className="row">{children}</div>
      </div>
    </Panel>
  );
}

const Go = ({ text, run }: { text: string; run: () => void }) => (
  <button type="button" className="button primary" onClick={run}>
    {text} <kbd aria-hidden>Enter</kbd>
  </button>
);

function Remark(props: {
  open: boolean;
  title: string;
  text: string;
  act: string;
  close: () => void;
  send: (text: string) => void;
}) {
  return (
    <Dialog open={props.open} close={props.close} title={props.title} text={props.text}>
      <form
        className="stack tight"
        onSubmit={event => {
          event.preventDefault();
          const text = new FormData(event.currentTarget).get('text');
          props.send(typeof text === 'string' ? text.trim() : '');
        }}
      >
        <label className="stack tight">
          Why, in a few words
          <input name="text" maxLength={1_000} autoComplete="off" autoFocus />
        </label>
        <div className="ends">
          <button type="button" className="button" onClick={props.close}>
            Back
          </button>
          <button className="button primary">
            {props.act} <kbd aria-hidden>Enter</kbd>
          </button>
        </div>
      </form>
    </Dialog>
  );
}
