import { useAnswer, type Drawing } from '../api/charts';
import { readable } from '../format/text';
import { Await, Empty } from '../ui/States';
import { Text } from '../ui/Text';
import { numeric, Plot } from './Plot';

/** Rows of a table on a dashboard. */
const ROWS = 20;

/** A saved query as it is drawn, asked anew whenever somebody looks. */
export function Drawn({ of }: { of: Drawing }) {
  const answer = useAnswer(of.sql);
  return (
    <Await query={answer} what="Asking the tables">
      {({ columns, rows }) =>
        rows.length === 0 ? (
          <Empty title="No row" />
        ) : of.kind === 'table' ? (
          <div className="scroll">
            <table className="table">
              <thead>
                <tr>
                  {columns.map((column, index) => (
                    <th key={index} scope="col" className={numeric(column) ? 'num' : undefined}>
                      <Text>{column.name}</Text>
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.slice(0, ROWS).map((row, index) => (
                  <tr key={index}>
                    {columns.map((column, at) => (
                      <td key={at} className={numeric(column) ? 'num' : undefined}>
                        <Text>{readable(row[at]).slice(0, 300)}</Text>
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
            {rows.length > ROWS && <p className="table-foot small muted">The first {ROWS} rows.</p>}
          </div>
        ) : (
          <Plot
            columns={columns}
            rows={rows}
            of={{ kind: of.kind, x: of.x ?? '', y: of.y ?? '', colour: of.colour ?? '' }}
          />
        )
      }
    </Await>
  );
}
