import { useEffect, useRef, useState, type ComponentProps } from 'react';

/** How long somebody stops typing before the answer is asked for. */
const PAUSE = 180;

/** A field whose text ends in the address: what is typed is there at once, and is asked for after a pause. */
export function FilterInput({
  value,
  change,
  ...rest
}: Omit<ComponentProps<'input'>, 'value' | 'onChange'> & { value: string; change: (value: string) => void }) {
  const [text, setText] = useState(value);
  const [seen, setSeen] = useState(value);
  const [sent, setSent] = useState(value);
  const waiting = useRef(0);
  useEffect(() => () => window.clearTimeout(waiting.current), []);
  // The address has changed: by what was typed here, or by something else, which then counts.
  if (value !== seen) {
    setSeen(value);
    if (value !== sent) {
      setSent(value);
      setText(value);
    }
  }
  const send = (typed: string) => {
    window.clearTimeout(waiting.current);
    if (typed === sent) return;
    setSent(typed);
    change(typed);
  };
  return (
    <input
      {...rest}
      value={text}
      onChange={event => {
        const typed = event.target.value;
        setText(typed);
        window.clearTimeout(waiting.current);
        waiting.current = window.setTimeout(() => send(typed), PAUSE);
      }}
      onBlur={() => send(text)}
      onKeyDown={event => event.key === 'Enter' && send(text)}
    />
  );
}
