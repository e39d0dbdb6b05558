import { Link } from 'react-router';
import { TOOLS, type Imported } from '../../../api/datasets';
import { count } from '../../../format/number';
import { Dialog } from '../../../ui/Overlay';
import { Command } from '../../../ui/States';
import { Said, Text } from '../../../ui/Text';

/** What a file became: the version, what of it is not there, and what comes next. */
export function Made({ made, close }: { made: Imported; close: () => void }) {
  const found = Object.entries(made.found ?? {});
  const name = `${made.dataset}@${made.number}`;
  // The tool, and its version where the file says it.
  const writer = made.tool?.replace(/^\S+/, tool => TOOLS[tool] ?? tool);
  return (
    <Dialog open wide ends close={close} title={made.new ? 'Imported' : 'Nothing has changed'}>
      <div className="stack">
        <p role="status">
          <Link
            to={`/datasets/${encodeURIComponent(made.dataset)}/cases?version=${made.number}`}
            className="strong"
          >
            <Text>{name}</Text>
          </Link>{' '}
          {made.new ? 'has' : 'had all of it already:'} {count(made.cases)}{' '}
          {made.cases === 1 ? 'case' : 'cases'}
          {made.new && `, ${count(made.new_bytes)} new bytes on disk`}.
          {made.tool !== null && (
            <>
              {' '}
              It was written by <Text>{writer}</Text>.
            </>
          )}
        </p>
        {made.named > 0 && (
          <p className="muted">
            {count(made.named)} {made.named === 1 ? 'case has' : 'cases have'} no id of their own and got one
            from their content.
          </p>
        )}
        {made.run !== null && (
          <p>
            What was answered in it is <Link to={`/runs/${made.run}`}>a run of its own</Link>, with{' '}
            {count(made.answers)} {made.answers === 1 ? 'answer' : 'answers'} and their scores
            {made.left_out > 0 &&
              `; ${count(made.left_out)} to cases that are revoked, expired or sealed are not in it`}
            .
          </p>
        )}
        {made.lost.length > 0 && (
          <section className="stack tight">
            <h3>Not kept</h3>
            <div className="scrolls" tabIndex={0} role="group" aria-label="What was not kept">
              <table className="table" aria-label="Not kept">
                <thead>
                  <tr>
                    <th scope="col">what</th>
                    <th scope="col">where first</th>
                    <th scope="col" className="num">
                      times
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {made.lost.map(({ what, where, count: times }) => (
                    <tr key={`${what} ${where}`}>
                      <th scope="row" className="wrap">
                        <Said>{what}</Said>
                      </th>
                      <td className="wrap muted">
                        <Text>{where}</Text>
                      </td>
                      <td className="num">{count(times)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </section>
        )}
        {made.found !== null && (
          <section className="stack tight">
            <h3>Taken out</h3>
            {found.length === 0 ? (
              <p className="muted">No personal data and no secret was found.</p>
            ) : (
              <dl className="facts">
                {found.map(([kind, times]) => (
                  <div key={kind} className="contents">
                    <dt>
                      <Text>{kind.replaceAll('_', ' ')}</Text>
                    </dt>
                    <dd className="tab">{count(times)}</dd>
                  </div>
                ))}
              </dl>
            )}
          </section>
        )}
        <section className="stack tight">
          <h3>Use it in a suite</h3>
          <div>
            <Command>{`datasets: [{ dataset: ${name} }]`}</Command>
          </div>
          <p className="muted small">
            The suite then asks the cases of this very version, in whatever folder its file is.
          </p>
        </section>
        <div className="ends">
          <button type="button" className="button primary" onClick={close}>
            Done
          </button>
        </div>
      </div>
    </Dialog>
  );
}
