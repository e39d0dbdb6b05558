import { path, type Coverage, type Covered } from '../../api/datasets';
import { useGet } from '../../api/queries';
import { useFilters } from '../../app/filters';
import { count, percent } from '../../format/number';
import { Badge } from '../../ui/Badge';
import { EstimateText } from '../../ui/Estimate';
import { domainOf, IntervalBar } from '../../ui/IntervalBar';
import { Panel } from '../../ui/Page';
import { Await, Empty } from '../../ui/States';
import { Text } from '../../ui/Text';

/** Joins two keys, and two values, in a cell of a pair. */
const CROSS = ' × ';
/** Fewer cases than this say little about their value by themselves. */
const THIN = 20;

/** How many cases there are of what: by one key, and by two at a time. */
export function CoverageMap({ name, version }: { name: string; version: string }) {
  const [get, set] = useFilters();
  const all = useGet<Coverage>(`${path(name)}/coverage`, { version });
  const thin = Math.max(1, Number(get('thin')) || THIN);
  if (all.error?.status === 422)
    return (
      <Panel>
        <Empty title="Nothing to count by" command={`assay dataset coverage ${name} --by KEY`}>
          {all.error.detail}
        </Empty>
      </Panel>
    );
  return (
    <Await query={all} what="Counting">
      {data => {
        const keys = [...new Set(data.cells.map(({ cell }) => cell.key))].filter(key => !key.includes(CROSS));
        const rows = keys.includes(get('rows')) ? get('rows') : (keys[0] ?? '');
        const columns =
          keys.includes(get('columns')) && get('columns') !== rows
            ? get('columns')
            : (keys.find(key => key !== rows) ?? '');
        return (
          <>
            <div className="filters">
              <label>
                thin below
                <input
                  type="number"
                  className="short"
                  min={1}
                  value={thin}
                  onChange={event =>
                    set({ thin: event.target.value === String(THIN) ? null : event.target.value })
                  }
                />
                cases
              </label>
            </div>
            {rows && columns && (
              <Pair name={name} version={version} keys={keys} rows={rows} columns={columns} thin={thin} />
            )}
            <div className="grid-2">
              {keys.map(key => (
                <Key
                  key={key}
                  name={key}
                  thin={thin}
                  last={data.last}
                  cells={data.cells.filter(({ cell }) => cell.key === key)}
                />
              ))}
            </div>
            <p className="muted small">
              Cases of sealed parts are not counted.{' '}
              {data.last === null &&
                'What a run makes of each value stands here once one has used the dataset.'}
            </p>
          </>
        );
      }}
    </Await>
  );
}

/** The cases of each combination of two keys; thin ones are marked by a sign and a border, not by shade alone. */
function Pair(props: {
  name: string;
  version: string;
  keys: string[];
  rows: string;
  columns: string;
  thin: number;
}) {
  const { name, version, keys, rows, columns, thin } = props;
  const [, set] = useFilters();
  const choice = (of: 'rows' | 'columns', value: string, other?: string) => (
    <label>
      {of}
      <select value={value} onChange={event => set({ [of]: event.target.value }, true)}>
        {keys
          .filter(key => key !== other)
          .map(key => (
            <option key={key}>{key}</option>
          ))}
      </select>
    </label>
  );
  const found = useGet<Coverage>(
    `${path(name)}/coverage`,
    { version, by: `${rows},${columns}` },
    { keep: true },
  );
  const cells = found.data?.cells ?? [];
  const one = (key: string) => cells.filter(({ cell }) => cell.key === key).map(({ cell }) => cell.value);
  const turned = cells.some(({ cell }) => cell.key === `${columns}${CROSS}${rows}`);
  const key = turned ? `${columns}${CROSS}${rows}` : `${rows}${CROSS}${columns}`;
  const pairs = new Map(cells.filter(({ cell }) => cell.key === key).map(of => [of.cell.value, of]));
  const at = (row: string, column: string) =>
    pairs.get(turned ? `${column}${CROSS}${row}` : `${row}${CROSS}${column}`);
  // A server that counts one key at a time says nothing of pairs.
  if (found.data && pairs.size === 0) return null;
  const most = Math.max(1, ...[...pairs.values()].map(({ cell }) => cell.cases));
  const [down, across] = [one(rows), one(columns)];
  const few = down.flatMap(row => across.filter(column => (at(row, column)?.cell.cases ?? 0) < thin)).length;
  return (
    <Panel
      title={<Text>{`${rows}${CROSS}${columns}`}</Text>}
      actions={
        <div className="filters">
          {choice('rows', rows)}
          {choice('columns', columns, rows)}
        </div>
      }
      note={`${few} of ${down.length * across.length} combinations have fewer than ${thin} cases`}
      flush
    >
      <Await query={found}>
        {() => (
          <table className="table coverage" aria-label={`Cases by ${rows} and ${columns}`}>
            <thead>
              <tr>
                <th scope="col">
                  <Text>{rows}</Text>
                </th>
                {across.map(column => (
                  <th scope="col" key={column} className="num">
                    <Text>{column}</Text>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {down.map(row => (
                <tr key={row}>
                  <th scope="row">
                    <Text>{row}</Text>
                  </th>
                  {across.map(column => {
                    const cases = at(row, column)?.cell.cases ?? 0;
                    return (
                      <td
                        key={column}
                        className={cases < thin ? 'num thin' : 'num'}
                        style={{
                          background: `color-mix(in srgb, var(--accent) ${Math.round((cases / most) * 40)}%, transparent)`,
                        }}
                      >
                        {cases < thin && (
                          <>
                            <span aria-hidden>△ </span>
                            <span className="sr">thin: </span>
                          </>
                        )}
                        {count(cases)}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Await>
    </Panel>
  );
}

/** The values of one key: their cases, and what the newest run made of them. */
function Key({
  name,
  cells,
  thin,
  last,
}: {
  name: string;
  cells: Covered[];
  thin: number;
  last: string | null;
}) {
  const most = Math.max(1, ...cells.map(({ cell }) => cell.cases));
  const marks = cells.map(({ last_result: of }) => ({
    value: of?.estimate.value ?? null,
    ...of?.estimate.interval,
  }));
  const domain = domainOf(marks, { unit: true });
  const results = cells.some(of => of.last_result);
  if (cells.length === 0)
    return (
      <Panel title={<Text>{name}</Text>}>
        <Empty title="No value" />
      </Panel>
    );
  return (
    <Panel title={<Text>{name}</Text>} note={results ? <Text>{last}</Text> : undefined} flush>
      <table className="table" aria-label={`Cases by ${name}`}>
        <thead>
          <tr>
            <th scope="col">value</th>
            <th scope="col" className="num">
              cases
            </th>
            <th scope="col" className="num">
              share
            </th>
            <th scope="col" aria-label="As a bar" />
            {results && <th scope="col">last result</th>}
            {results && <th scope="col" className="plotted" aria-label="Its interval" />}
          </tr>
        </thead>
        <tbody>
          {cells.map(({ cell, last_result: of }, index) => (
            <tr key={cell.value}>
              <th scope="row">
                <Text>{cell.value}</Text>{' '}
                {(cell.cases < thin || cell.gap > 0) && (
                  <Badge tone="unsure" title={cell.why ?? `fewer than ${thin} cases`}>
                    △ {cell.gap > 0 ? `${count(cell.gap)} missing` : 'thin'}
                  </Badge>
                )}
              </th>
              <td className="num">{count(cell.cases)}</td>
              <td className="num">{percent(cell.share)}</td>
              <td>
                <div className="share" aria-hidden>
                  <i style={{ width: `${(cell.cases / most) * 100}%` }} />
                </div>
              </td>
              {results && (
                <td>
                  <EstimateText estimate={of?.estimate} />
                </td>
              )}
              {results && (
                <td className="plotted">
                  {of?.estimate.interval && (
                    <IntervalBar
                      mark={marks[index] ?? { value: null }}
                      domain={domain}
                      label={`${of.value}, ${of.interval}`}
                    />
                  )}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
