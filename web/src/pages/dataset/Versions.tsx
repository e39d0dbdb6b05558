import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { api } from '../../api/client';
import {
  path,
  type DatasetItem,
  type DatasetView,
  type LogEntry,
  type Part,
  type Version,
} from '../../api/datasets';
import { useMay } from '../../app/session';
import { count, percent } from '../../format/number';
import { readable } from '../../format/text';
import { Badge } from '../../ui/Badge';
import { DialogForm, Field } from '../../ui/Form';
import { Panel } from '../../ui/Page';
import { Empty } from '../../ui/States';
import { Text } from '../../ui/Text';
import { When } from '../../ui/When';

/** What there is of a dataset: its versions, its parts, what governs it, and everything that was done. */
export function Versions({ view }: { view: DatasetView }) {
  const { item, versions } = view;
  const may = useMay('engineer');
  const [tagging, setTagging] = useState<Version | null>(null);
  const at = `/datasets/${encodeURIComponent(item.name)}`;
  return (
    <>
      <Panel title="Versions" note="newest first; none of them can be changed" flush>
        {versions.length === 0 ? (
          <Empty title="No version is left" command={`assay dataset add ${item.name} cases.jsonl`} />
        ) : (
          <table className="table" aria-label="Versions">
            <thead>
              <tr>
                <th scope="col">version</th>
                <th scope="col" className="num">
                  cases
                </th>
                <th scope="col">made</th>
                <th scope="col">from</th>
                <th scope="col">by</th>
                <th scope="col">when</th>
                <th scope="col">note</th>
                <th scope="col">digest</th>
                <th scope="col" aria-label="Acts" />
              </tr>
            </thead>
            <tbody>
              {versions.map(version => (
                <tr key={version.number}>
                  <th scope="row">
                    <span className="row tight">
                      <Link to={`${at}/cases?version=${version.number}`}>@{version.number}</Link>
                      {version.tags.map(tag => (
                        <Badge key={tag} tone="accent">
                          <Text>{tag}</Text>
                        </Badge>
                      ))}
                    </span>
                  </th>
                  <td className="num">{count(version.cases)}</td>
                  <td>
                    {version.how} <span className="faint small">{version.tool}</span>
                  </td>
                  <td className="wrap">
                    <Text>
                      {[
                        ...version.sources.map(of => of.path),
                        ...version.parents.map(of => `${of.dataset} ${of.version.slice(0, 12)}`),
                      ].join(', ')}
                    </Text>
                  </td>
                  <td>
                    <Text>{version.by}</Text>
                  </td>
                  <td>
                    <When us={version.at_us} />
                  </td>
                  <td className="wrap muted">
                    <Text>{version.note}</Text>
                  </td>
                  <td className="mono faint" title={version.digest}>
                    {version.digest.slice(0, 12)}
                  </td>
                  <td className="nowrap">
                    {version.number > 1 && versions.some(of => of.number < version.number) && (
                      <Link className="button small" to={`${at}/diff?to=${version.number}`}>
                        What changed
                      </Link>
                    )}{' '}
                    {may && (
                      <button type="button" className="button small" onClick={() => setTagging(version)}>
                        Tag…
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Panel>
      <div className="grid-2">
        <Parts item={item} />
        <Governed item={item} />
      </div>
      <Log view={view} />
      {tagging && <Tag item={item} version={tagging} close={() => setTagging(null)} />}
    </>
  );
}

/** Gives a version a name that can move. */
function Tag({ item, version, close }: { item: DatasetItem; version: Version; close: () => void }) {
  const client = useQueryClient();
  const [tag, setTag] = useState('approved');
  const moves = item.tags[tag];
  return (
    <DialogForm
      open
      close={close}
      title={`Tag @${version.number}`}
      text="Suites that name the tag use this version from now on."
      verb="Tag"
      act={() =>
        api.put(`${path(item.name)}/tags/${encodeURIComponent(tag.trim())}`, {
          version: String(version.number),
        })
      }
      done={() => {
        void client.invalidateQueries({ queryKey: [path(item.name)] });
        close();
      }}
    >
      <Field
        label="Tag"
        hint={
          moves !== undefined && moves !== version.number
            ? `It names @${moves} at the moment, and moves.`
            : undefined
        }
      >
        {ids => <input {...ids} required value={tag} onChange={event => setTag(event.target.value)} />}
      </Field>
    </DialogForm>
  );
}

function Parts({ item }: { item: DatasetItem }) {
  return (
    <Panel title="Parts" flush={item.parts.length > 0}>
      {item.parts.length === 0 ? (
        <Empty
          title="Not divided"
          command={`assay dataset split ${item.name} dev=0.3,test=0.5,holdout=0.2 --seal holdout --looks 5`}
        >
          A sealed part answers a few questions, then none: what is tuned on the rest cannot be tuned on it.
        </Empty>
      ) : (
        <table className="table" aria-label="Parts">
          <thead>
            <tr>
              <th scope="col">part</th>
              <th scope="col" className="num">
                share
              </th>
              <th scope="col" className="num">
                cases
              </th>
              <th scope="col">sealed</th>
              <th scope="col">looks at the newest version</th>
            </tr>
          </thead>
          <tbody>
            {item.parts.map(part => (
              <tr key={part.name}>
                <th scope="row">
                  <Text>{part.name}</Text>
                </th>
                <td className="num">{percent(part.share)}</td>
                <td className="num">{part.cases === null ? '–' : count(part.cases)}</td>
                <td>
                  {part.sealed ? (
                    <Badge tone={part.locked ? 'bad' : 'plain'}>
                      ▣ {part.locked ? 'locked' : 'sealed'}
                      {part.ladder && ', ladder'}
                    </Badge>
                  ) : (
                    <span className="faint">no</span>
                  )}
                </td>
                <td>
                  {part.budget === null ? (
                    <span className="faint">as many as wanted</span>
                  ) : (
                    <Looks of={part} />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

const Looks = ({ of }: { of: Part }) => (
  <span className="row tight nowrap">
    <meter min={0} max={of.budget ?? 1} value={of.looks} aria-label={`Looks at ${of.name}`} />
    <span className={of.locked ? 'bad tab' : 'tab'}>
      {of.looks} of {of.budget}
      {of.locked ? ': none is left' : ''}
    </span>
  </span>
);

function Governed({ item }: { item: DatasetItem }) {
  const { governance: g } = item;
  const facts: [string, string | null | undefined][] = [
    ['owner', g.owner],
    ['licence', g.licence],
    ['consent', g.consent],
    ['sensitivity', g.sensitivity],
    ['may go to', g.hosts?.join(', ')],
    ['last day of use', g.retain_until],
    ["a case's last day", g.expires && `under the key ${g.expires}`],
    ['golden tier', g.golden?.toString()],
  ];
  const said = facts.filter(([, value]) => value);
  return (
    <Panel title="What governs it">
      {said.length === 0 ? (
        <Empty
          title="Nothing is said"
          command={`assay dataset set ${item.name} --owner NAME --licence CC-BY-4.0 --sensitivity internal`}
        />
      ) : (
        <dl className="facts">
          {said.map(([name, value]) => (
            <div key={name} className="contents">
              <dt>{name}</dt>
              <dd>
                <Text>{value}</Text>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Panel>
  );
}

/** What happened, in a few words. */
function told(entry: LogEntry): string {
  const say = (key: string) => {
    const value = entry[key];
    return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? value.slice(0, 12) : readable(value);
  };
  switch (entry.event) {
    case 'version':
      return `@${say('number')}, ${say('cases')} cases`;
    case 'tagged':
      return `${say('tag')} names ${say('version')}`;
    case 'untagged':
      return say('tag');
    case 'split':
      return (entry.parts as { name: string; share: number }[])
        .map(of => `${of.name} ${percent(of.share)}`)
        .join(', ');
    case 'look':
    case 'rung':
      return `${say('split')}, run ${say('run').slice(-8)}`;
    case 'removed':
      return `@${say('number')}: ${say('reason')}`;
    case 'opened':
      return `${say('split')}: ${say('reason')}`;
    case 'exported':
      return say('to');
    case 'revoked':
    case 'reinstated':
      return `${say('case')}: ${say('reason')}`;
    default:
      return Object.entries(entry)
        .filter(([key]) => !['event', 'at_us', 'by', 'previous'].includes(key))
        .map(([key]) => `${key.replaceAll('_', ' ')} ${say(key)}`)
        .join(', ');
  }
}

function Log({ view }: { view: DatasetView }) {
  const { log, events, item } = view;
  return (
    <Panel
      title="Log"
      note={
        events > log.length
          ? `the newest ${count(log.length)} of ${count(events)}; assay dataset log ${item.name} has all`
          : 'newest first'
      }
      flush
    >
      <table className="table" aria-label="Log of the dataset">
        <thead>
          <tr>
            <th scope="col">when</th>
            <th scope="col">who</th>
            <th scope="col">did</th>
            <th scope="col">what</th>
          </tr>
        </thead>
        <tbody>
          {log.map((entry, index) => (
            <tr key={index}>
              <td>
                <When us={entry.at_us} full />
              </td>
              <td>
                <Text>{entry.by}</Text>
              </td>
              <th scope="row">{entry.event.replaceAll('_', ' ')}</th>
              <td className="wrap">
                {entry.event === 'look' || entry.event === 'rung' ? (
                  <Link to={`/runs/${String(entry.run)}`}>
                    <Text>{told(entry)}</Text>
                  </Link>
                ) : (
                  <Text>{told(entry)}</Text>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
