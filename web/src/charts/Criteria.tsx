import type { Criterion } from '../api/types';
import { count } from '../format/number';
import { Badge, Verdict } from '../ui/Badge';
import { Text } from '../ui/Text';

/** A gate's criteria: what was asked, what was found, what follows and why. */
export function Criteria({ criteria }: { criteria: Criterion[] }) {
  return (
    <table className="table" aria-label="Criteria of the gate">
      <thead>
        <tr>
          <th scope="col">criterion</th>
          <th scope="col">target</th>
          <th scope="col">found</th>
          <th scope="col">verdict</th>
          <th scope="col">why</th>
          <th scope="col" className="num">
            needed n
          </th>
        </tr>
      </thead>
      <tbody>
        {criteria.map((criterion, index) => (
          <tr key={index}>
            <th scope="row">
              {criterion.name} {criterion.role === 'guardrail' && <Badge>guardrail</Badge>}
            </th>
            <td>{criterion.target}</td>
            <td className="tab">
              <Text>{criterion.found}</Text>
            </td>
            <td>
              <Verdict kind={criterion.verdict.kind} />
            </td>
            <td className="muted">
              <Text>
                {[criterion.verdict.wording, ...criterion.verdict.reasons]
                  .filter(Boolean)
                  .join('; ')
                  .replaceAll('_', ' ')}
              </Text>
            </td>
            <td className="num">
              {criterion.verdict.needed_n === null ? '–' : count(criterion.verdict.needed_n)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
