import type { ReactNode } from 'react';
import type { RunItem, VerdictKind } from '../api/types';
import { count } from '../format/number';

export type Tone = 'good' | 'bad' | 'unsure' | 'accent' | 'plain';

export const Badge = ({
  tone = 'plain',
  title,
  children,
}: {
  tone?: Tone;
  title?: string;
  children: ReactNode;
}) => (
  <span className={`badge ${tone}`} title={title}>
    {children}
  </span>
);

const VERDICTS = { pass: ['good', '✓'], fail: ['bad', '✗'], inconclusive: ['unsure', '?'] } as const;

/** A gate's verdict: colour, sign and word. */
export function Verdict({ kind }: { kind: VerdictKind | null | undefined }) {
  if (!kind) return <Badge title="The suite has no gate">no gate</Badge>;
  const [tone, sign] = VERDICTS[kind];
  return (
    <Badge tone={tone}>
      <span aria-hidden>{sign}</span> {kind}
    </Badge>
  );
}

export function RunState({ run }: { run: Pick<RunItem, 'status' | 'executing' | 'waiting'> }) {
  if (run.status === 'sealed') return <Badge>sealed</Badge>;
  if (run.executing)
    return (
      <Badge tone="accent" title={run.waiting ?? undefined}>
        <span aria-hidden>●</span> {run.waiting ? 'waiting' : 'running'}
      </Badge>
    );
  return (
    <Badge tone="unsure" title="Stopped before its end; what is finished is kept">
      <span aria-hidden>‖</span> {run.status === 'running' ? 'stopped' : run.status}
    </Badge>
  );
}

/** What is missing beside a number: never shown as a low score, never left out. */
export function Missing(props: {
  errors?: number;
  scorerErrors?: number;
  unscored?: number;
  notRun?: number;
  refused?: number;
}) {
  const parts = [
    [props.errors, 'error', 'errors'],
    [props.scorerErrors, 'scorer error', 'scorer errors'],
    [props.unscored, 'unscored', 'unscored'],
    [props.refused, 'refused', 'refused'],
    [props.notRun, 'not run', 'not run'],
  ].filter((part): part is [number, string, string] => typeof part[0] === 'number' && part[0] > 0);
  if (parts.length === 0) return <span className="faint">none</span>;
  return (
    <span className="unsure nowrap">
      <span aria-hidden>△ </span>
      {parts.map(([n, one, more]) => `${count(n)} ${n === 1 ? one : more}`).join(', ')}
    </span>
  );
}
