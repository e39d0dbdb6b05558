import { useState } from 'react';
import { Dialog } from '../../ui/Overlay';

/** A password or key that nobody is told again: the dialog is left only by saying that it is kept. */
export function Secret({
  title,
  text,
  secret,
  close,
}: {
  title: string;
  text: string;
  secret: string;
  close: () => void;
}) {
  const [copied, setCopied] = useState(false);
  return (
    <Dialog
      open
      close={() => undefined}
      title={title}
      text={`${text} It is shown this once and kept nowhere.`}
    >
      <input
        className="mono"
        readOnly
        aria-label={title}
        value={secret}
        onFocus={event => event.target.select()}
      />
      <div className="ends">
        <button
          type="button"
          className="button"
          onClick={() => void navigator.clipboard?.writeText(secret).then(() => setCopied(true))}
        >
          {copied ? 'Copied' : 'Copy'}
        </button>
        <button type="button" className="button primary" onClick={close}>
          I have kept it
        </button>
      </div>
    </Dialog>
  );
}
