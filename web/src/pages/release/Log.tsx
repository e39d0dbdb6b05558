import { words, type Release } from '../../api/release';
import { percent } from '../../format/number';
import { Panel } from '../../ui/Page';
import { Text } from '../../ui/Text';
import { When } from '../../ui/When';

type Entry = Release['log'][number]['entry'];

/** What happened, in a sentence. */
function told(entry: Entry): string {
  switch (entry.event) {
    case 'opened':
      return entry.title;
    case 'attached':
      return `${entry.document}: ${entry.reference}`;
    case 'evaluated':
      return entry.verdicts.map(verdict => `${verdict.requirement} ${verdict.kind}`).join(', ');
    case 'waived':
      return `${entry.rule} until ${entry.until}: ${entry.reason}`;
    case 'shipped':
      return `${entry.name}, ${percent(entry.share)} of users${entry.emergency ? ', in an emergency' : ''}: ${entry.reason}`;
    default:
      return entry.reason;
  }
}

/** Everything that was done, newest first. */
export function Log({ release }: { release: Release }) {
  return (
    <Panel title="Log" note="newest first; each line names the digest of the line before" flush>
      <table className="table" aria-label="Log of the release">
        <thead>
          <tr>
            <th scope="col">when</th>
            <th scope="col">who</th>
            <th scope="col">did</th>
            <th scope="col">what</th>
            <th scope="col">line</th>
          </tr>
        </thead>
        <tbody>
          {[...release.log].reverse().map(({ digest, entry }) => (
            <tr key={digest}>
              <td>
                <When us={entry.at_us} full />
              </td>
              <td>
                <Text>{entry.by}</Text>
              </td>
              <th scope="row">{words(entry.event)}</th>
              <td className="wrap">
                <Text>{told(entry)}</Text>
              </td>
              <td className="mono faint" title={digest}>
                {digest.slice(0, 12)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
