import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useState } from 'react';
import { asked, path, type Case, type DatasetView, type StoredCase, type Version } from '../../api/datasets';
import { usePages } from '../../api/queries';
import { useFilters } from '../../app/filters';
import { useKeys } from '../../app/keys';
import { count } from '../../format/number';
import { readable } from '../../format/text';
import { Badge } from '../../ui/Badge';
import { FilterInput } from '../../ui/FilterInput';
import { Dialog } from '../../ui/Overlay';
import { Panel } from '../../ui/Page';
import { Empty, Loading, ProblemView } from '../../ui/States';
import { Text, TextBlock } from '../../ui/Text';

const HEIGHT = 46;
/** As much of a text as two lines of the table bear. */
const CUT = 400;

/** The cases of a version that are not sealed; the server searches, the page shows the lines in view. */
export function Cases({ name, version, view }: { name: string; version: Version; view: DatasetView }) {
  const [get, set] = useFilters();
  const [search, part, open] = [get('search'), get('part'), get('case')];
  const list = usePages<StoredCase>(`${path(name)}/versions/${version.number}/cases`, {
    search,
    part,
    limit: 100,
  });
  const { items, more, fetching } = list;
  const [margin, setMargin] = useState(0);
  // Where the lines begin on the page is known once they are there.
  const measure = useCallback((of: HTMLDivElement | null) => {
    if (of) setMargin(of.offsetTop);
  }, []);
  const [at, setAt] = useState(-1);
  const lines = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => HEIGHT,
    overscan: 12,
    scrollMargin: margin,
  });
  const shown = lines.getVirtualItems();
  const last = shown.at(-1)?.index ?? -1;
  // A page without a match goes on: the server reads so many rows at a time.
  const wants = !fetching && more !== null && last >= items.length - 20;
  useEffect(() => {
    if (wants) more?.();
  });
  const chosen = Math.min(at, items.length - 1);
  const step = (by: number) => {
    const next = Math.max(0, Math.min(items.length - 1, chosen + by));
    setAt(next);
    lines.scrollToIndex(next);
  };
  const choose = (of: StoredCase | undefined) => of && set({ case: of.case.id }, true);
  useKeys({
    j: { does: 'next case', run: () => step(1) },
    k: { does: 'previous case', run: () => step(-1) },
    Enter: { does: 'open the case', run: () => chosen >= 0 && choose(items[chosen]) },
  });
  const parts = view.item.parts;
  const one = items.find(of => of.case.id === open);
  const close = () => set({ case: null });
  return (
    <>
      <form className="filters" role="search" onSubmit={event => event.preventDefault()}>
        <FilterInput
          type="search"
          aria-label="Search"
          placeholder="In id and content  /"
          value={search}
          change={search => set({ search, case: null })}
        />
        {parts.length > 0 && (
          <label>
            part
            <select value={part} onChange={event => set({ part: event.target.value, case: null }, true)}>
              <option value="">all that are open</option>
              {parts
                .filter(of => !of.sealed)
                .map(of => (
                  <option key={of.name}>{of.name}</option>
                ))}
            </select>
          </label>
        )}
        {parts.some(of => of.sealed) && (
          <span className="muted small">▣ cases of sealed parts are shown to nobody here</span>
        )}
      </form>
      <Panel
        title={`Cases of @${version.number}`}
        note={more ? `${count(items.length)} so far` : count(items.length)}
        flush
      >
        {list.error ? (
          <ProblemView error={list.error} />
        ) : items.length === 0 && (list.loading || fetching || more) ? (
          <Loading />
        ) : items.length === 0 ? (
          <Empty title={search || part ? 'No case matches' : 'No case that is open'} />
        ) : (
          <div
            role="table"
            aria-label="Cases"
            aria-rowcount={more ? -1 : items.length}
            className="lines-table"
          >
            <div role="row" className="line head stored-case">
              {['case', 'part', 'asks', 'expected', 'metadata'].map(head => (
                <div key={head} role="columnheader">
                  {head}
                </div>
              ))}
            </div>
            <div ref={measure} role="rowgroup" style={{ height: lines.getTotalSize(), position: 'relative' }}>
              {shown.map(line => {
                const of = items[line.index];
                return of ? (
                  <div
                    key={line.key}
                    role="row"
                    aria-rowindex={line.index + 1}
                    aria-current={line.index === chosen ? 'true' : undefined}
                    className="line stored-case"
                    style={{
                      position: 'absolute',
                      insetInline: 0,
                      height: HEIGHT,
                      transform: `translateY(${line.start - margin}px)`,
                    }}
                  >
                    <Line of={of} choose={() => choose(of)} />
                  </div>
                ) : null;
              })}
            </div>
          </div>
        )}
      </Panel>
      <Dialog open={one !== undefined} close={close} title={`Case ${open}`} wide>
        {one && <Whole of={one.case} />}
      </Dialog>
    </>
  );
}

const short = (text: string) => (text.length > CUT ? `${text.slice(0, CUT)}…` : text);

function Line({ of, choose }: { of: StoredCase; choose: () => void }) {
  const tags = Object.entries(of.case.metadata ?? {});
  return (
    <>
      <div role="rowheader" className="cut">
        <button type="button" className="link" onClick={choose}>
          <Text>{of.case.id}</Text>
        </button>{' '}
        {of.not_used && <Badge tone="unsure">△ {of.not_used}</Badge>}
        {of.case.critical && <Badge>critical</Badge>}
      </div>
      <div role="cell" className="cut">
        <Text>{of.part ?? ''}</Text>
      </div>
      <div role="cell" className="two-lines">
        <Text>{short(asked(of.case))}</Text>
      </div>
      <div role="cell" className="two-lines muted">
        <Text>{short(readable(of.case.expected))}</Text>
      </div>
      <div role="cell" className="two-lines muted">
        <Text>{short(tags.map(([key, value]) => `${key}=${readable(value)}`).join(' '))}</Text>
      </div>
    </>
  );
}

/** Everything that a case holds. */
export function Whole({ of }: { of: Case }) {
  const fields: [string, unknown][] = [
    ...Object.entries(of.inputs).map(([name, value]): [string, unknown] => [`input ${name}`, value]),
    ['expected', of.expected],
    ['contexts', of.contexts],
    ['metadata', of.metadata],
    ['cluster', of.cluster],
    ['weight', of.weight],
    ['recorded outputs', of.recorded],
  ];
  return (
    <div className="stack">
      {fields
        .filter(([, value]) => value !== undefined && value !== null)
        .map(([name, value]) => (
          <section key={name}>
            <h3 className="muted">
              <Text>{name}</Text>
            </h3>
            <TextBlock>{readable(value)}</TextBlock>
          </section>
        ))}
    </div>
  );
}
