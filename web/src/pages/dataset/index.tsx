import { useParams } from 'react-router';
import { path, type DatasetView } from '../../api/datasets';
import { useGet } from '../../api/queries';
import { useFilters } from '../../app/filters';
import { useMay } from '../../app/session';
import { count } from '../../format/number';
import { Badge } from '../../ui/Badge';
import { Page, Tabs } from '../../ui/Page';
import { Await, Empty } from '../../ui/States';
import { Text } from '../../ui/Text';
import { When } from '../../ui/When';
import { Import } from '../datasets/import';
import { Cases } from './Cases';
import { Check } from './Check';
import { CoverageMap } from './Coverage';
import { Diff } from './Diff';
import { Lineage } from './Lineage';
import { Quarantine } from './Quarantine';
import { Versions } from './Versions';

const TABS = [
  { key: '', text: 'Versions' },
  { key: 'cases', text: 'Cases' },
  { key: 'diff', text: 'What changed' },
  { key: 'lineage', text: 'Where it comes from' },
  { key: 'coverage', text: 'Coverage' },
  { key: 'check', text: 'Quality' },
  { key: 'quarantine', text: 'Quarantine' },
];

/** A stored dataset; the version that is looked at is in the address, the newest one otherwise. */
export function Component() {
  const { dataset: name = '', tab = '' } = useParams();
  const [get, set] = useFilters();
  const may = useMay('engineer');
  const version = get('version');
  const found = useGet<DatasetView>(path(name), { version }, { keep: true });
  const data = found.data;
  const crumbs = [{ to: '/datasets', text: 'Datasets' }];
  if (!data)
    return (
      <Page title={name} crumbs={crumbs}>
        <Await query={found}>{() => null}</Await>
      </Page>
    );
  const { item, versions } = data;
  const at = `/datasets/${encodeURIComponent(name)}`;
  const about = version ? `?version=${encodeURIComponent(version)}` : '';
  const one = versions.find(of => String(of.number) === version || of.tags.includes(version)) ?? versions[0];
  return (
    <Page
      title={name}
      crumbs={crumbs}
      head={
        <span className="row">
          <Text>{name}</Text>
          {item.governance.sensitivity && <Badge>{item.governance.sensitivity}</Badge>}
          {item.expired && <Badge tone="bad">✗ its last day is over</Badge>}
        </span>
      }
      sub={
        <>
          {item.governance.description && (
            <>
              <Text>{item.governance.description}</Text> ·{' '}
            </>
          )}
          {count(item.cases)} cases in{' '}
          {item.versions === 1 ? 'its one version' : `the newest of ${count(item.versions)} versions`}
          {item.revoked > 0 && `, ${count(item.revoked)} revoked`} · changed <When us={item.changed_us} />
        </>
      }
      actions={
        <>
          {versions.length > 0 && !['diff', 'quarantine'].includes(tab) && (
            <label className="row tight muted small">
              version
              <select
                value={version}
                onChange={event => set({ version: event.target.value, case: null }, true)}
              >
                <option value="">newest</option>
                {versions.map(of => (
                  <option key={of.number} value={of.number}>
                    @{of.number}
                    {of.tags.length > 0 ? ` ${of.tags.join(' ')}` : ''}
                  </option>
                ))}
              </select>
            </label>
          )}
          {may && (
            <button type="button" className="button" onClick={() => set({ import: 'true' }, true)}>
              Import a new version…
            </button>
          )}
        </>
      }
    >
      {may && get('import') === 'true' && <Import dataset={name} close={() => set({ import: null })} />}
      <Tabs
        label="Parts of the dataset"
        current={tab}
        tabs={TABS.map(({ key, text }) => ({
          key,
          to: `${at}${key && `/${key}`}${key === 'diff' || key === 'quarantine' ? '' : about}`,
          text:
            key === 'quarantine' && item.quarantine > 0 ? (
              <>
                {text} <Badge tone="unsure">{count(item.quarantine)}</Badge>
              </>
            ) : (
              text
            ),
        }))}
      />
      {tab === '' && <Versions view={data} />}
      {tab === 'lineage' && <Lineage graph={data.lineage} />}
      {tab === 'quarantine' && <Quarantine name={name} />}
      {one ? (
        <>
          {tab === 'cases' && <Cases name={name} version={one} view={data} />}
          {tab === 'diff' && <Diff name={name} versions={versions} />}
          {tab === 'coverage' && <CoverageMap name={name} version={version} />}
          {tab === 'check' && <Check name={name} version={version} />}
        </>
      ) : (
        ['cases', 'diff', 'coverage', 'check'].includes(tab) && (
          <Empty title="No version is left" command={`assay dataset add ${name} cases.jsonl`} />
        )
      )}
    </Page>
  );
}
