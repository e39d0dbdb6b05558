import { useRef, useState, type DragEvent } from 'react';
import { count } from '../format/number';
import { Field } from './Form';
import { Text } from './Text';

/** "18 kB": thousands, as file managers say it. */
const size = (bytes: number) =>
  bytes < 1000
    ? `${bytes} bytes`
    : bytes < 1e6
      ? `${count(Math.round(bytes / 1e3))} kB`
      : `${count(Math.round(bytes / 1e5) / 10)} MB`;

/** A file: chosen, or dropped. */
export function FilePick(props: {
  label: string;
  hint?: string;
  accept?: string;
  file: File | null;
  choose: (file: File) => void;
}) {
  const { label, hint, accept, file, choose } = props;
  const field = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const dropped = event.dataTransfer.files[0];
    if (!dropped) return;
    // The field names it then, and does not ask for one any more.
    if (field.current) field.current.files = event.dataTransfer.files;
    choose(dropped);
  };
  return (
    <div
      className="drop"
      data-over={over || undefined}
      onDrop={drop}
      onDragOver={event => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
    >
      <Field
        label={label}
        hint={
          file ? (
            <>
              <Text>{file.name}</Text>, {size(file.size)}
            </>
          ) : (
            (hint ?? 'It can be dropped here.')
          )
        }
      >
        {ids => (
          <input
            {...ids}
            ref={field}
            type="file"
            required={!file}
            accept={accept}
            onChange={event => {
              const chosen = event.target.files?.[0];
              if (chosen) choose(chosen);
            }}
          />
        )}
      </Field>
    </div>
  );
}
