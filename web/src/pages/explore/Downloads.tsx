import { useMutation } from '@tanstack/react-query';
import { api, Problem } from '../../api/client';
import { ProblemView } from '../../ui/States';

const FORMATS = ['csv', 'jsonl', 'parquet'] as const;

/** The whole answer of a query as a file. */
export function Downloads({ sql }: { sql: string }) {
  const take = useMutation<unknown, Problem, (typeof FORMATS)[number]>({
    mutationFn: async format => {
      const file = await api.file('/query', { format }, { sql });
      const link = document.createElement('a');
      link.href = URL.createObjectURL(file);
      link.download = `query.${format}`;
      link.click();
      // The browser has taken hold of the file by the next turn.
      window.setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    },
  });
  return (
    <>
      {take.error && <ProblemView error={take.error} />}
      {FORMATS.map(format => (
        <button
          key={format}
          type="button"
          className="button small"
          disabled={take.isPending}
          onClick={() => take.mutate(format)}
        >
          {format === 'parquet' ? 'Parquet' : format.toUpperCase()}
        </button>
      ))}
    </>
  );
}
