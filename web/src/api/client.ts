/** The one way to the server: JSON in and out, problems (RFC 9457) thrown as `Problem`. */

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    /** What the server says to do about it. */
    readonly fix: string | null,
    /** The whole answer, for problems with more fields (`blocks` of a release). */
    readonly body: Record<string, unknown>,
  ) {
    super(detail || title);
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>;

/** `/runs` and `{suite: 'x'}` to `/api/v1/runs?suite=x`; parameters without a value are left out. */
export function address(path: string, query?: Query): string {
  const given = Object.entries(query ?? {}).filter(
    ([, value]) => value !== null && value !== undefined && value !== '',
  );
  const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return `/api/v1${path}${text && `?${text}`}`;
}

/** What a status means, where the server gives it no title but its own name. */
const MEANING: Record<number, string> = {
  400: 'That cannot be done',
  401: 'Not logged in',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Not done',
  413: 'Too large',
  422: 'That cannot be done',
  429: 'Too often',
  500: 'The server has failed',
  503: 'The server is busy',
};

async function problem(answer: Response): Promise<Problem> {
  const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  const text = (key: string) => (typeof body[key] === 'string' ? (body[key] as string) : null);
  const named = text('type') === 'about:blank' ? undefined : text('title');
  const title =
    named ?? MEANING[answer.status] ?? text('title') ?? (answer.statusText || `HTTP ${answer.status}`);
  return new Problem(answer.status, title, text('detail') ?? '', text('fix'), body);
}

const away = () =>
  new Problem(
    0,
    'The server does not answer',
    'Nothing listens at this address any more.',
    'start it again with: assay serve',
    {},
  );

async function send(
  method: string,
  path: string,
  query?: Query,
  body?: unknown,
  headers?: Record<string, string>,
  keepalive = false,
): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(address(path, query), {
      method,
      credentials: 'same-origin',
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      keepalive,
    });
  } catch {
    throw away();
  }
  if (!answer.ok) throw await problem(answer);
  return answer;
}

async function ask<T>(...asked: Parameters<typeof send>): Promise<T> {
  const answer = await send(...asked);
  if (answer.status === 204 || answer.headers.get('content-length') === '0') return undefined as T;
  return (await answer.json()) as T;
}

/** A file on its way: told how far it is, and stopped by `stop`. A request that streams tells nothing of what was sent, so
 * that this is the one place that does not `fetch`. */
export function upload<T>(
  path: string,
  query: Query,
  file: Blob,
  on: { sent?: (share: number) => void; stop?: AbortSignal } = {},
): Promise<T> {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    let share = 0;
    request.open('POST', address(path, query));
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.upload.onprogress = event => {
      share = event.total > 0 ? event.loaded / event.total : 0;
      on.sent?.(share);
    };
    request.onload = () => {
      const answer = new Response(request.status === 204 ? null : request.responseText, {
        status: request.status,
        statusText: request.statusText,
      });
      (answer.ok
        ? (answer.json() as Promise<T>)
        : problem(answer).then(found => Promise.reject<T>(found))
      ).then(done, failed);
    };
    request.onerror = () => failed(away());
    request.onabort = () =>
      failed(
        share < 1
          ? new Problem(0, 'Stopped', 'The file had not arrived: nothing is stored.', null, {})
          : new Problem(
              0,
              'No longer waited for',
              'The file had arrived, and the server may have stored it.',
              'look whether it is there before you send it again',
              {},
            ),
      );
    on.stop?.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}

/** A name for an attempt: whoever asks twice under it is answered once. */
export const once = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');

export const api = {
  get: <T>(path: string, query?: Query) => ask<T>('GET', path, query),
  /** `once` names the attempt: the server answers a repeated name with the first answer. */
  post: <T>(path: string, body: unknown = {}, once?: string) =>
    ask<T>('POST', path, undefined, body, once ? { 'Idempotency-Key': once } : undefined),
  /** An answer that is a file. */
  file: async (path: string, query: Query, body?: unknown) =>
    (await send(body === undefined ? 'GET' : 'POST', path, query, body)).blob(),
  put: <T>(path: string, body: unknown, etag?: string) =>
    ask<T>('PUT', path, undefined, body, etag ? { 'If-Match': etag } : undefined),
  /** For what must arrive although the page may be closing; browsers take up to 64 KB of it. */
  leave: (path: string, body: unknown) => ask<undefined>('PUT', path, undefined, body, undefined, true),
  patch: <T>(path: string, body: unknown) => ask<T>('PATCH', path, undefined, body),
  delete: <T>(path: string) => ask<T>('DELETE', path),
};
