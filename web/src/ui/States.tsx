import { useState, type ReactNode } from 'react';
import { Problem } from '../api/client';
import { byLine } from '../format/text';
import { Said } from './Text';

/** A command to type in a terminal, with a button that copies it. */
export function Command({ children }: { children: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <span className="command">
      <code>{children}</code>
      <button
        type="button"
        className="button quiet small"
        onClick={() => void navigator.clipboard?.writeText(children).then(() => setCopied(true))}
        onBlur={() => setCopied(false)}
      >
        {copied ? 'copied' : 'copy'}
      </button>
    </span>
  );
}

/** Nothing here yet: what would be here, and what puts something here. */
export function Empty({
  title,
  command,
  action,
  children,
}: {
  title: string;
  command?: string;
  /** What can be done about it here. */
  action?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <div className="empty">
      <h3>{title}</h3>
      {children && <p>{children}</p>}
      {action}
      {command && <Command>{command}</Command>}
    </div>
  );
}

/** What went wrong, in the server's words, with what to do about it. */
export function ProblemView({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = error instanceof Problem ? error : null;
  const title = problem?.title ?? 'This page has failed';
  const detail = problem?.detail ?? (error instanceof Error ? error.message : String(error));
  return (
    <div className="problem" role="alert">
      <div className="what">{title}</div>
      {detail && detail !== title && (
        <div className="told">
          <Said>{byLine(detail)}</Said>
        </div>
      )}
      {problem?.fix && (
        <div className="told muted">
          <Said>{problem.fix}</Said>
        </div>
      )}
      {retry && (
        <div>
          <button type="button" className="button small" onClick={retry}>
            Try again
          </button>
        </div>
      )}
    </div>
  );
}

export const Loading = ({ what = 'Loading' }: { what?: string }) => (
  <div className="loading" role="status">
    {what}…
  </div>
);

interface Asked<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch?: () => unknown;
}

/** Shows what was asked for once it is here, and until then that it is on its way or why it will not come. */
export function Await<T>({
  query,
  what,
  children,
}: {
  query: Asked<T>;
  what?: string;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error)
    return (
      <ProblemView error={query.error} retry={query.refetch ? () => void query.refetch?.() : undefined} />
    );
  return <Loading what={what} />;
}
