import { Text } from '../ui/Text';

interface Cell {
  /** From 0 to 1. */
  shade: number;
  text: string;
  /** An interval, a count. */
  note?: string;
}

/** A table whose cells are shaded by a share; the number stands in each. */
export function HeatTable(props: {
  label: string;
  corner: string;
  columns: string[];
  rows: { name: string; cells: Cell[]; end?: string }[];
  /** The head of the last column, where rows have an `end`. */
  end?: string;
}) {
  return (
    <table className="table heat-table" aria-label={props.label}>
      <thead>
        <tr>
          <th scope="col">{props.corner}</th>
          {props.columns.map(column => (
            <th key={column} scope="col" className="num">
              <Text>{column}</Text>
            </th>
          ))}
          {props.end && (
            <th scope="col" className="num">
              {props.end}
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {props.rows.map(row => (
          <tr key={row.name}>
            <th scope="row">
              <Text>{row.name}</Text>
            </th>
            {row.cells.map((cell, index) => (
              <td key={index} className={`num heat-${Math.round(Math.max(0, Math.min(1, cell.shade)) * 10)}`}>
                <span className="strong">{cell.text}</span>
                {cell.note && <span className="small muted note">{cell.note}</span>}
              </td>
            ))}
            {props.end && <td className="num">{row.end}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
