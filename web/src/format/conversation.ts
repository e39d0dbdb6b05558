/** Messages and tool calls as providers, datasets and targets write them, read into one form. What is not of that form is
 * `null`: it is then shown as it is. */

export interface Call {
  name: string;
  /** The arguments as text: JSON in lines when they are JSON. */
  arguments: string;
}
export interface Message {
  role: string;
  /** The text; what is no text (pictures, sounds) as JSON. */
  text: string;
  calls: Call[];
  /** The tool that a message is the result of. */
  tool: string | null;
}

type Row = Record<string, unknown>;
const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const lines = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : value === undefined || value === null
      ? ''
      : JSON.stringify(value, null, 2);

/** JSON that stands in a text, or the text. */
export function parsed(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

function call(value: unknown): Call | null {
  if (!isRow(value)) return null;
  // OpenAI nests them under `function`; Anthropic calls the arguments `input`.
  const inner = isRow(value.function) ? value.function : value;
  const name = typeof value.function === 'string' ? value.function : inner.name;
  if (typeof name !== 'string') return null;
  return { name, arguments: lines(parsed(inner.arguments ?? inner.input)) };
}

/** A list of tool calls: every item is one, and there is at least one. */
export function callsOf(value: unknown): Call[] | null {
  const list = parsed(value);
  if (!Array.isArray(list) || list.length === 0) return null;
  if (list.some(item => isRow(item) && 'role' in item)) return null;
  const calls = list.map(item =>
    isRow(item) && ('arguments' in item || 'function' in item || item.type === 'tool_use')
      ? call(item)
      : null,
  );
  return calls.every(found => found !== null) ? calls : null;
}

/** One part of a message's content: text, or a call or a result that stands in it. */
function part(value: unknown, into: Message): void {
  if (typeof value === 'string') into.text += (into.text && '\n') + value;
  else if (isRow(value) && typeof value.text === 'string') into.text += (into.text && '\n') + value.text;
  else if (isRow(value) && value.type === 'tool_use') {
    const found = call(value);
    if (found) into.calls.push(found);
  } else if (isRow(value) && value.type === 'tool_result') {
    into.tool = typeof value.tool_use_id === 'string' ? value.tool_use_id : 'tool';
    for (const inner of Array.isArray(value.content) ? value.content : [value.content]) part(inner, into);
  } else if (value !== null && value !== undefined) into.text += (into.text && '\n') + lines(value);
}

/** A conversation: every item has a role (or `from`, as in ShareGPT), and there is at least one. */
export function messagesOf(value: unknown): Message[] | null {
  const list = parsed(value);
  if (!Array.isArray(list) || list.length === 0) return null;
  const names = new Map<string, string>();
  const out: Message[] = [];
  for (const item of list) {
    if (!isRow(item)) return null;
    const role = item.role ?? item.from;
    if (typeof role !== 'string') return null;
    const message: Message = { role, text: '', calls: [], tool: null };
    const content = item.content ?? item.value;
    for (const one of Array.isArray(content) ? content : [content]) part(one, message);
    for (const one of Array.isArray(item.tool_calls) ? item.tool_calls : []) {
      const found = call(one);
      if (!found) continue;
      message.calls.push(found);
      if (isRow(one) && typeof one.id === 'string') names.set(one.id, found.name);
    }
    if (typeof item.tool_call_id === 'string') message.tool = item.tool_call_id;
    else if (role === 'tool' || role === 'function') message.tool = 'tool';
    if (message.tool !== null && typeof item.name === 'string') message.tool = item.name;
    if (message.tool !== null) message.tool = names.get(message.tool) ?? message.tool;
    out.push(message);
  }
  return out;
}
