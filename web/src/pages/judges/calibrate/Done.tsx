import { Link } from 'react-router';
import type { Calibrated } from '../../../api/judges';
import { count } from '../../../format/number';
import { levelOf } from '../../../ui/level';
import { Dialog } from '../../../ui/Overlay';
import { Notes, Text } from '../../../ui/Text';
import { GradeBadge } from '../grade';

/** What was added and what the judge may be used for now; the certificate itself is its page. */
export function Done({ made, here, close }: { made: Calibrated; here: boolean; close: () => void }) {
  const { judge, added, notes } = made;
  const { certificate, needed, item } = judge;
  // The number of new labels, which they begin with, is told above.
  const told = new Set(
    [...notes, ...(certificate?.notes ?? [])].filter(note => !/^\d+ new labels/.test(note)),
  );
  return (
    <Dialog open wide ends close={close} title={certificate ? 'Compared with people' : 'No certificate yet'}>
      <div className="stack">
        <p role="status">
          <GradeBadge grade={item.grade} />{' '}
          <span className="strong">
            <Text>{item.judge}</Text>
          </span>
          : {item.allows}
        </p>
        <dl className="facts">
          <dt>labels added</dt>
          <dd className="tab">
            {count(added.new)} new
            {added.same > 0 && `, ${count(added.same)} known already`}
            {added.replaced > 0 && `, ${count(added.replaced)} replaced`}
          </dd>
          {certificate && (
            <>
              <dt>question</dt>
              <dd>
                <Text>{certificate.criterion}</Text>
              </dd>
              <dt>labels that count</dt>
              <dd className="tab">
                {count(certificate.labels)} drawn by chance
                {certificate.by_hand > 0 && `, ${count(certificate.by_hand)} by hand`}
                {certificate.split > 0 && `, ${count(certificate.split)} on which people are split`}
              </dd>
              <dt>judged</dt>
              <dd className="tab">{count(certificate.judged)} answers</dd>
              <dt>made for</dt>
              <dd className="tab">{levelOf(certificate.confidence)} confidence</dd>
            </>
          )}
        </dl>
        <Notes of={told} kind="small" />
        {needed.missing.length > 0 && (
          <section className="stack tight">
            <h3>What the next grade needs</h3>
            <Notes of={needed.missing} kind="small muted" />
          </section>
        )}
        <div className="ends">
          {here ? (
            <button type="button" className="button primary" onClick={close}>
              See the certificate
            </button>
          ) : (
            <>
              <button type="button" className="button" onClick={close}>
                Close
              </button>
              <Link className="button primary" to={`/judges/${item.id}`}>
                See the certificate
              </Link>
            </>
          )}
        </div>
      </div>
    </Dialog>
  );
}
