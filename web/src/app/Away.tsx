import { useSyncExternalStore } from 'react';
import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { Problem } from '../api/client';
import { ProblemView } from '../ui/States';

/** The problem of a question that got no answer while something older is on the screen, until one gets an answer again. */
function unanswered(client: QueryClient): Problem | null {
  const asked = client
    .getQueryCache()
    .getAll()
    .filter(query => query.isActive());
  const newest = asked.reduce<(typeof asked)[number] | null>((last, query) => {
    const at = Math.max(query.state.dataUpdatedAt, query.state.errorUpdatedAt);
    return !last || at > Math.max(last.state.dataUpdatedAt, last.state.errorUpdatedAt) ? query : last;
  }, null);
  const error = newest?.state.error;
  return error instanceof Problem && error.status === 0 && newest?.state.data !== undefined ? error : null;
}

/** Says that what is on the screen is not renewed any more, and what to do about it. */
export function Away() {
  const client = useQueryClient();
  const problem = useSyncExternalStore(
    tell => client.getQueryCache().subscribe(tell),
    () => unanswered(client),
  );
  if (!problem) return null;
  return (
    <div className="away">
      <ProblemView
        error={new Problem(0, problem.title, 'What is shown here may be old.', problem.fix, {})}
        retry={() => void client.refetchQueries({ type: 'active' })}
      />
    </div>
  );
}
