import type { Guide as Model } from '../../api/review';
import { Panel } from '../../ui/Page';
import { Text, TextBlock } from '../../ui/Text';
import { inWords } from './answering';
import { Item } from './Item';

/** What raters are told: the instructions, each question with what its answers mean, examples with their answers. */
export function Guide({ guide }: { guide: Model }) {
  return (
    <div className="stack">
      <Panel title="Instructions" note={`version ${guide.version}`}>
        <div className="reading">
          <TextBlock empty="Nothing but the questions.">{guide.instructions}</TextBlock>
        </div>
      </Panel>
      <Panel title="Questions">
        <dl className="guide">
          {guide.questions.map(question => (
            <div key={question.name}>
              <dt>
                <Text>{question.asks}</Text>
                {!question.required && <span className="faint small"> may be left out</span>}
              </dt>
              <dd>
                {question.kind === 'comment' && <span className="muted">in your own words</span>}
                {question.kind === 'spans' && (
                  <span className="muted">
                    mark words
                    {question.labels.length > 0 && <Text>{` as ${question.labels.join(', ')}`}</Text>}
                  </span>
                )}
                <ul>
                  {question.answers.map((answer, index) => (
                    <li key={index}>
                      {question.kind === 'ordinal' && (
                        <span className="tab strong">{String(answer.value)} </span>
                      )}
                      <Text>{answer.words}</Text>
                    </li>
                  ))}
                </ul>
              </dd>
            </div>
          ))}
        </dl>
      </Panel>
      {guide.examples.map((example, index) => (
        <Panel key={index} title={`Example ${index + 1}`}>
          <div className="stack">
            <Item content={example.content} />
            <dl className="facts">
              {Object.entries(example.answers).map(([name, value]) => {
                const question = guide.questions.find(known => known.name === name);
                return (
                  <div key={name} className="fact">
                    <dt>
                      <Text>{question?.asks ?? name}</Text>
                    </dt>
                    <dd className="strong">
                      <Text>{inWords(question, value)}</Text>
                    </dd>
                  </div>
                );
              })}
            </dl>
            {example.why && (
              <p>
                <Text>{example.why}</Text>
              </p>
            )}
          </div>
        </Panel>
      ))}
    </div>
  );
}
