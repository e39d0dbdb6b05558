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

async function problem(answer: Response): Promise<Problem> {
  const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  const text = (key: string) => (typeof body[key] === 'string' ? (body[key] as string) : null);
  const title = text('title') ?? (answer.statusText || `HTTP ${answer.status}`);
  return new Problem(answer.status, title, text('detail') ?? '', text('fix'), body);
}

async function send(
  method: string,
  path: string,
  query?: Query,
  body?: unknown,
  headers?: Record<string, string>,
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
    });
  } catch {
    throw new Problem(
      0,
      'The server does not answer',
      'Nothing listens at this address any more.',
      'start it again with: assay serve',
      {},
    );
  }
  if (!answer.ok) throw await problem(answer);
  return answer;
}

async function ask<T>(...asked: Parameters<typeof send>): Promise<T> {
  const answer = await send(...asked);
  if (answer.status === 204 || answer.headers.get('content-length') === '0') return undefined as T;
  return (await answer.json()) as T;
}

export const api = {
  get: <T>(path: string, query?: Query) => ask<T>('GET', path, query),
  /** `once` names the attempt: the server answers a repeated name with the first answer. */
  post: <T>(path: string, body: unknown = {}, once?: string) =>
    ask<T>('POST', path, undefined, body, once ? { 'Idempotency-Key': once } : undefined),
  /** An answer that is a file. */
  file: async (path: string, query: Query, body: unknown) => (await send('POST', path, query, body)).blob(),
  put: <T>(path: string, body: unknown, etag?: string) =>
    ask<T>('PUT', path, undefined, body, etag ? { 'If-Match': etag } : undefined),
  patch: <T>(path: string, body: unknown) => ask<T>('PATCH', path, undefined, body),
  delete: <T>(path: string) => ask<T>('DELETE', path),
};
