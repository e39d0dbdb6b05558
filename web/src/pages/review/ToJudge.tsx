import { useState } from 'react';
import { Panel } from '../../ui/Page';
import { Calibrate } from '../judges/calibrate';

/** What people said becomes the calibration of a judge. */
export function ToJudge({ name }: { name: string }) {
  const [asking, setAsking] = useState(false);
  return (
    <Panel title="Calibrate a judge by them" note="with its verdicts on the run that the answers are of">
      <div className="stack">
        <p className="muted">
          Labels are what people agree on; an item on which they are split has none until it is settled. What
          a judge said of the same answers is compared with them: that says what the judge may be used for.
        </p>
        <div>
          <button type="button" className="button" onClick={() => setAsking(true)}>
            Calibrate a judge…
          </button>
        </div>
        <p className="faint small">
          As a file: <code>assay review labels {name} --out labels.jsonl</code>, which{' '}
          <code>assay judge calibrate --labels</code> takes.
        </p>
      </div>
      {asking && <Calibrate project={name} close={() => setAsking(false)} />}
    </Panel>
  );
}
