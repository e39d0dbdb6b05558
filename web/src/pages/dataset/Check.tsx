import { Link } from 'react-router';
import { path, type CheckFinding, type DatasetCheck } from '../../api/datasets';
import { useGet } from '../../api/queries';
import { count } from '../../format/number';
import { Badge } from '../../ui/Badge';
import { Panel } from '../../ui/Page';
import { Await, Empty } from '../../ui/States';
import { Said, Text } from '../../ui/Text';

const TONES = { error: ['bad', '✗'], warning: ['unsure', '△'], note: ['plain', 'i'] } as const;

/** What is wrong with the cases of a version, and what runs have shown of them. */
export function Check({ name, version }: { name: string; version: string }) {
  const found = useGet<DatasetCheck>(`${path(name)}/check`, { version });
  const to = (id: string) =>
    `/datasets/${encodeURIComponent(name)}/cases?search=${encodeURIComponent(id)}&case=${encodeURIComponent(id)}${version && `&version=${encodeURIComponent(version)}`}`;
  return (
    <Await query={found} what="Reading every case">
      {data => (
        <>
          <Panel
            title={`Findings in @${data.version}`}
            note={`${count(data.cases)} cases · ${count(data.errors)} errors, ${count(data.warnings)} warnings`}
            flush
          >
            {data.findings.length === 0 ? (
              <Empty title="Nothing is wrong">
                No blank or mixed fields, no contradictions, no near duplicates, nothing odd in the runs.
              </Empty>
            ) : (
              <table className="table" aria-label="Findings">
                <thead>
                  <tr>
                    <th scope="col">how bad</th>
                    <th scope="col">check</th>
                    <th scope="col">field</th>
                    <th scope="col">found</th>
                    <th scope="col" className="num">
                      cases
                    </th>
                    <th scope="col">the first of them</th>
                  </tr>
                </thead>
                <tbody>
                  {data.findings.map((finding, index) => (
                    <Finding key={index} of={finding} to={to} />
                  ))}
                </tbody>
              </table>
            )}
          </Panel>
          <p className="muted small">
            {data.sealed &&
              'Cases of sealed parts are left out; near duplicates across parts are counted and not named. '}
            Expectations of your own are checked by{' '}
            <span className="mono">assay dataset check {name} --expect expect.yaml</span>.
          </p>
        </>
      )}
    </Await>
  );
}

function Finding({ of, to }: { of: CheckFinding; to: (id: string) => string }) {
  const [tone, sign] = TONES[of.severity];
  return (
    <tr>
      <td>
        <Badge tone={tone}>
          <span aria-hidden>{sign}</span> {of.severity}
        </Badge>
      </td>
      <th scope="row">{of.check.replaceAll('_', ' ')}</th>
      <td className="mono">
        <Text>{of.field ?? ''}</Text>
      </td>
      <td className="wrap">
        <Said>{of.message}</Said>
      </td>
      <td className="num">{of.count > 0 ? count(of.count) : '–'}</td>
      <td className="wrap small">
        {of.cases.slice(0, 5).map(id => (
          <Link key={id} className="mono spaced" to={to(id.split(' = ')[0] ?? id)}>
            <Text>{id}</Text>
          </Link>
        ))}
        {of.count > 5 && of.cases.length > 5 && <span className="faint">…</span>}
      </td>
    </tr>
  );
}
