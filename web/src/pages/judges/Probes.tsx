import type { Probed } from '../../api/judges';
import { useGet } from '../../api/queries';
import { count, pValue, score } from '../../format/number';
import { domainOf, IntervalBar } from '../../ui/IntervalBar';
import { intervalOf } from '../../ui/level';
import { Panel } from '../../ui/Page';
import { Await, Empty, ProblemView } from '../../ui/States';
import { Notes, Text } from '../../ui/Text';
import { Found, markOf } from './figures';

/** What moves the judge beside the quality of an answer; asked for on its own, since every verdict is read for it. */
export function Probes(props: { path: string; judge: string; confidence: number }) {
  const { path, judge, confidence } = props;
  const probed = useGet<Probed>(`${path}/probes`, { confidence });
  const stands = (p: number | null) => p !== null && p < 1 - confidence;
  if (probed.error?.status === 404)
    return (
      <Panel title="Bias probes">
        <ProblemView error={probed.error} />
      </Panel>
    );
  return (
    <Panel
      title="Bias probes"
      note="from stored verdicts and labels; no model is asked; p-values adjusted together (Holm)"
      flush
    >
      <Await query={probed} what="Reading verdicts">
        {data => {
          const domain = domainOf(
            data.probes.map(probe => markOf(probe.value, probe.interval)),
            { zero: true },
          );
          return (
            <>
              {data.probes.length === 0 ? (
                <Empty
                  title="Nothing can be probed yet"
                  command={`assay judge calibrate ${judge} --next next.jsonl`}
                >
                  Probes compare the judge with people: they need labelled answers.
                </Empty>
              ) : (
                <table className="table" aria-label="Bias probes">
                  <thead>
                    <tr>
                      <th scope="col">probe</th>
                      <th scope="col">what the number is</th>
                      <th scope="col">{intervalOf(confidence)}</th>
                      <th scope="col" className="num">
                        value
                      </th>
                      <th scope="col" className="num">
                        p
                      </th>
                      <th scope="col" className="num">
                        answers
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {data.probes.map(probe => (
                      <tr key={`${probe.probe} ${probe.what}`}>
                        <th scope="row">{probe.probe}</th>
                        <td>
                          <Text>{probe.what}</Text>
                        </td>
                        <td>
                          <IntervalBar
                            mark={markOf(probe.value, probe.interval)}
                            domain={domain}
                            reference={0}
                            tone={stands(probe.p) ? 'bad' : 'accent'}
                            label={`${probe.what}: ${score(probe.value)}, scale ${score(domain[0])} to ${score(domain[1])}`}
                          />
                        </td>
                        <td className="num">
                          <Found value={probe.value} interval={probe.interval} difference />
                        </td>
                        <td className="num">
                          {stands(probe.p) ? (
                            <span className="bad strong">
                              <span aria-hidden>! </span>
                              {pValue(probe.p)}
                            </span>
                          ) : (
                            pValue(probe.p)
                          )}
                        </td>
                        <td className="num">{count(probe.answers)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )}
              <Notes of={data.notes} kind="unsure small" inset />
            </>
          );
        }}
      </Await>
    </Panel>
  );
}
