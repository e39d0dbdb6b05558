import { Panel } from '../../ui/Page';
import { Command } from '../../ui/States';

/** How what people said becomes the calibration of a judge: the commands that write labels and take them. */
export function ToJudge({ name }: { name: string }) {
  return (
    <Panel title="Calibrate a judge by them" note="with its verdicts on the run that the answers are of">
      <div className="stack">
        <p className="muted">
          Labels are what people agree on; an item on which they are split has none until it is settled. In
          the project folder, with the judge’s name and the criterion that asks what the judge decides:
        </p>
        <div>
          <Command>{`assay review labels ${name} --out labels.jsonl`}</Command>
        </div>
        <div>
          <Command>assay judge calibrate JUDGE --labels labels.jsonl --criterion CRITERION</Command>
        </div>
      </div>
    </Panel>
  );
}
