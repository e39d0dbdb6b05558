import { useMutation } from '@tanstack/react-query';
import { useEffect, useId, useRef, type FormEvent, type ReactNode } from 'react';
import { Problem } from '../api/client';
import { Dialog } from './Overlay';
import { ProblemView } from './States';

/** A labelled field; the hint is read with it. The field itself gets the ids. */
export function Field({
  label,
  hint,
  children,
}: {
  label: string;
  hint?: ReactNode;
  children: (ids: { id: string; 'aria-describedby': string | undefined }) => ReactNode;
}) {
  const id = useId();
  const told = hint ? `${id}-hint` : undefined;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': told })}
      {hint && (
        <p id={told} className="faint small">
          {hint}
        </p>
      )}
    </div>
  );
}

export interface Choice {
  value: string;
  text: ReactNode;
}

/** Several of a few. */
export function Checks({
  legend,
  choices,
  chosen,
  set,
}: {
  legend: string;
  choices: Choice[];
  chosen: string[];
  set: (chosen: string[]) => void;
}) {
  return (
    <fieldset className="checks">
      <legend>{legend}</legend>
      {choices.map(({ value, text }) => (
        <label key={value}>
          <input
            type="checkbox"
            checked={chosen.includes(value)}
            onChange={event =>
              set(event.target.checked ? [...chosen, value] : chosen.filter(other => other !== value))
            }
          />{' '}
          {text}
        </label>
      ))}
    </fieldset>
  );
}

interface FormProps<T> {
  open: boolean;
  close: () => void;
  title: string;
  text?: ReactNode;
  /** What the button says that does it. */
  verb: string;
  danger?: boolean;
  act: () => Promise<T>;
  done: (answer: T) => void;
  /** For much to fill in. */
  wide?: boolean;
  /** What is shown while it is being done, and how it is stopped, where that takes long. */
  during?: ReactNode;
  stop?: () => void;
  /** Shows a problem in another way than usual; `null` shows it as usual. */
  told?: (problem: Problem) => ReactNode;
  children: ReactNode;
}

/** A dialog that does one thing: fields, what went wrong, and the button. Nothing typed is lost when it is refused. */
export function DialogForm<T>(props: FormProps<T>) {
  return (
    <Dialog
      open={props.open}
      close={props.close}
      title={props.title}
      text={props.text}
      wide={props.wide}
      ends
    >
      <Body {...props} />
    </Dialog>
  );
}

function Body<T>({ close, verb, danger, act, done, told, during, stop, children }: FormProps<T>) {
  const doing = useMutation<T, Problem>({ mutationFn: act, onSuccess: done });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    doing.mutate();
  };
  return (
    <form className="stack" onSubmit={submit}>
      {children}
      {doing.error && (
        <Refused key={doing.submittedAt}>
          {told?.(doing.error) ?? <ProblemView error={doing.error} />}
        </Refused>
      )}
      <div className="ends">
        {doing.isPending && during}
        {doing.isPending && stop ? (
          <button type="button" className="button" onClick={stop}>
            Stop
          </button>
        ) : (
          <button type="button" className="button" onClick={close}>
            Cancel
          </button>
        )}
        <button className={`button ${danger ? 'danger' : 'primary'}`} disabled={doing.isPending}>
          {doing.isPending ? 'Wait…' : verb}
        </button>
      </div>
    </form>
  );
}

/** What went wrong, where it is seen: a long form may have been scrolled elsewhere. */
function Refused({ children }: { children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    place.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  return (
    <div ref={place} className="refused">
      {children}
    </div>
  );
}
