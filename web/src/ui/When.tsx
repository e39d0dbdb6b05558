import { ago, instant, stamp } from '../format/time';

/** A time: how long ago, or the date with `full`; the instant in the title. */
export const When = ({ us, full }: { us: number | null | undefined; full?: boolean }) =>
  us === null || us === undefined ? (
    <span className="faint">–</span>
  ) : (
    <time className="nowrap" dateTime={instant(us)} title={instant(us)}>
      {full ? stamp(us) : ago(us)}
    </time>
  );
