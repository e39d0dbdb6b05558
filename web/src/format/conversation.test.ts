import { expect, test } from 'vitest';
import { callsOf, messagesOf } from './conversation';

test('messages of OpenAI, Anthropic and ShareGPT are read into one form', () => {
  expect(
    messagesOf([
      { role: 'user', content: [{ type: 'text', text: 'Where is it?' }] },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c1', function: { name: 'find', arguments: '{"n":1}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'there' },
    ]),
  ).toEqual([
    { role: 'user', text: 'Where is it?', calls: [], tool: null },
    { role: 'assistant', text: '', calls: [{ name: 'find', arguments: '{\n  "n": 1\n}' }], tool: null },
    { role: 'tool', text: 'there', calls: [], tool: 'find' },
  ]);
  expect(
    messagesOf([
      { role: 'assistant', content: [{ type: 'tool_use', id: 'x', name: 'find', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'x', content: 'there' }] },
    ])?.map(message => [message.calls.length, message.tool, message.text]),
  ).toEqual([
    [1, null, ''],
    [0, 'x', 'there'],
  ]);
  expect(messagesOf([{ from: 'human', value: 'hello' }])?.[0]).toMatchObject({
    role: 'human',
    text: 'hello',
  });
});
test('what is no conversation and no list of calls stays what it is', () => {
  for (const value of [null, 'text', [], [1], [{ id: 'a' }], {}, '[broken', [{ role: 'user' }, 3]])
    expect([messagesOf(value), callsOf(value)]).toEqual([null, null]);
  expect(callsOf([{ name: 'cup', price: 3 }])).toBeNull();
  expect(callsOf('[{"name":"find","arguments":{"n":1}}]')).toEqual([
    { name: 'find', arguments: '{\n  "n": 1\n}' },
  ]);
});
