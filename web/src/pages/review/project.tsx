import { useParams } from 'react-router';
import { useGet } from '../../api/queries';
import type { ReviewProject } from '../../api/review';
import { useSession } from '../../app/session';
import { count } from '../../format/number';
import { USUAL } from '../../ui/level';
import { Page, Tabs } from '../../ui/Page';
import { Await } from '../../ui/States';
import { Text } from '../../ui/Text';
import { Disputes } from './Disputes';
import { Report } from './Report';
import { Sit } from './Sit';
import { Guide } from './Guide';
import '../../styles/review.css';

/** A project: for raters what is to be rated, for engineers how it goes and what is not agreed on. */
export function Component() {
  const { project: name = '', tab: chosen } = useParams();
  const path = `/review/projects/${encodeURIComponent(name)}`;
  const roles = useSession().user?.roles ?? [];
  const [rates, leads] = [roles.includes('rater'), roles.includes('engineer')];
  const found = useGet<ReviewProject>(path);
  const base = `/review/${encodeURIComponent(name)}`;
  const tabs = [
    { key: 'rate', to: base, text: rates ? 'Rate' : 'What is asked' },
    ...(leads
      ? [
          { key: 'report', to: `${base}/report`, text: 'Agreement and raters' },
          { key: 'disputes', to: `${base}/disputes`, text: 'To settle' },
        ]
      : []),
  ];
  const tab = tabs.find(known => known.key === chosen)?.key ?? 'rate';
  return (
    <Page
      title={name}
      crumbs={[{ to: '/review', text: 'Review' }]}
      head={<Text>{name}</Text>}
      sub={
        found.data && (
          <>
            <Text>{found.data.item.title}</Text> · {count(found.data.item.accepted)} of{' '}
            {count(found.data.item.wanted)} ratings · {count(found.data.item.complete)} of{' '}
            {count(found.data.item.items)} items complete
          </>
        )
      }
    >
      {tabs.length > 1 && <Tabs tabs={tabs} current={tab} label="Parts of the project" />}
      <Await query={found}>
        {data => {
          if (tab === 'report')
            return (
              <Report path={path} name={name} confidence={data.lead?.project.settings.confidence ?? USUAL} />
            );
          if (tab === 'disputes') return <Disputes path={path} name={name} />;
          return rates ? <Sit key={name} path={path} project={data} /> : <Guide guide={data.guide} />;
        }}
      </Await>
    </Page>
  );
}
