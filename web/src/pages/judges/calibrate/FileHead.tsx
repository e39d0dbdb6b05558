import type { Head } from '../../../format/head';
import { Text } from '../../../ui/Text';

/** The first lines of a file of labels, as what they will be read as. */
export function FileHead({ head }: { head: Head }) {
  if (head.fault) return <p className="notice unsure">{head.fault}</p>;
  const missing = [
    !head.columns.includes('label') && 'label',
    !head.columns.some(name => name === 'item' || name === 'case') && 'item or case',
  ].filter(Boolean);
  return (
    <>
      {missing.length > 0 && (
        <p className="notice unsure">There is no column {missing.join(', and none ')}.</p>
      )}
      <div className="scrolls" tabIndex={0} role="group" aria-label="Its first lines">
        <table className="table" aria-label="First labels">
          <thead>
            <tr>
              {head.columns.slice(0, 12).map((name, at) => (
                <th key={at} scope="col">
                  <Text>{name}</Text>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {head.rows.map((row, index) => (
              <tr key={index}>
                {head.columns.slice(0, 12).map((_, at) => (
                  <td key={at}>
                    <div className="two-lines sample">
                      <Text>{row[at]?.slice(0, 160)}</Text>
                    </div>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
