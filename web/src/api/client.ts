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

async function ask<T>(
  method: string,
  path: string,
  query?: Query,
  body?: unknown,
  headers?: Record<string, string>,
  read?: (answer: Response) => Promise<T>,
): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(address(path, query), {
      method,
      credentials: 'same-origin',
      headers: {
        Accept: 'application/json',
        ...(body === undefined
          ? {}
          : { 'Content-Type': body instanceof Blob ? 'application/octet-stream' : 'application/json' }),
        ...headers,
      },
      body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
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
  if (read) return read(answer);
  if (answer.status === 204 || answer.headers.get('content-length') === '0') return undefined as T;
  return (await answer.json()) as T;
}

/** A name for an attempt: whoever asks twice under it is answered once. */
export const once = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');

export const api = {
  get: <T>(path: string, query?: Query) => ask<T>('GET', path, query),
  /** `once` names the attempt: the server answers a repeated name with the first answer. */
  post: <T>(path: string, body: unknown = {}, once?: string) =>
    ask<T>('POST', path, undefined, body, once ? { 'Idempotency-Key': once } : undefined),
  /** An answer that is a file, taken away under a name. */
  download: async (path: string, query: Query, name: string) => {
    const file = await ask<Blob>('GET', path, query, undefined, undefined, answer => answer.blob());
    const link = document.createElement('a');
    link.href = URL.createObjectURL(file);
    link.download = name;
    link.click();
    // The browser has taken hold of the file by the next turn.
    window.setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  },
  /** A file as it is. */
  upload: <T>(path: string, query: Query, file: Blob) => ask<T>('POST', path, query, file),
  put: <T>(path: string, body: unknown, etag?: string) =>
    ask<T>('PUT', path, undefined, body, etag ? { 'If-Match': etag } : undefined),
  patch: <T>(path: string, body: unknown) => ask<T>('PATCH', path, undefined, body),
  delete: <T>(path: string) => ask<T>('DELETE', path),
};
