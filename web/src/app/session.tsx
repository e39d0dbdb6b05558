import { createContext, use, useState, type FormEvent, type ReactNode } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, Problem } from '../api/client';
import type { Role, Session } from '../api/types';
import { Command, Loading, ProblemView } from '../ui/States';

const Current = createContext<Session | null>(null);

export function useSession(): Session {
  const session = use(Current);
  if (!session) throw new Error('outside of a session');
  return session;
}

/** Whether the person at the screen has one of these roles. The server decides again; this only hides what would be refused. */
export function useMay(...roles: Role[]): boolean {
  const held = useSession().user?.roles ?? [];
  return roles.some(role => held.includes(role));
}

/** Why the identity provider, or the server after it, let nobody in: `#problem=…`, base64url of UTF-8. */
function refusal(hash: URLSearchParams): Error | null {
  const problem = hash.get('problem');
  if (!problem) return null;
  try {
    const bytes = Uint8Array.from(atob(problem.replace(/-/g, '+').replace(/_/g, '/')), letter =>
      letter.charCodeAt(0),
    );
    return new Error(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/** Why nobody was let in: by the token of the address, or by the identity provider. */
let refused: unknown = refusal(new URLSearchParams(window.location.hash.slice(1)));

/** `#token=…` of the address that `assay serve` prints: used once and taken out of the address at once. */
async function begin(): Promise<Session> {
  const token = new URLSearchParams(window.location.hash.slice(1)).get('token');
  if (token) {
    window.history.replaceState(null, '', window.location.pathname + window.location.search);
    await api.post('/session', { token }).catch((error: unknown) => (refused = error));
  }
  return api.get<Session>('/session');
}

export function WithSession({ children }: { children: ReactNode }) {
  const session = useQuery<Session, Problem>({ queryKey: ['/session'], queryFn: begin, staleTime: 60_000 });
  if (session.data?.user) return <Current value={session.data}>{children}</Current>;
  if (session.data) return <Login session={session.data} />;
  if (session.error)
    return (
      <main className="page">
        <ProblemView error={session.error} retry={() => void session.refetch()} />
      </main>
    );
  return <Loading what="Opening the workspace" />;
}

function Login({ session }: { session: Session }) {
  const client = useQueryClient();
  const local = session.mode === 'local';
  const [name, setName] = useState('');
  const [secret, setSecret] = useState('');
  const login = useMutation<unknown, Problem>({
    mutationFn: () => api.post('/session', local ? { token: secret } : { name, password: secret }),
    onSuccess: () => client.invalidateQueries(),
  });
  const why = login.error ?? (login.isIdle ? refused : null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate();
  };
  return (
    <main className="login">
      <form className="panel" onSubmit={submit}>
        <div className="body stack">
          <div>
            <h1>Assay</h1>
            <p className="muted">{session.project}</p>
          </div>
          {local ? (
            <p className="muted">
              Open the address that <code>assay serve</code> printed, with its token, or type the token here.
            </p>
          ) : (
            <label className="stack tight">
              Name
              <input
                name="name"
                autoComplete="username"
                required
                value={name}
                onChange={event => setName(event.target.value)}
              />
            </label>
          )}
          <label className="stack tight">
            {local ? 'Token' : 'Password'}
            <input
              type="password"
              autoComplete={local ? 'off' : 'current-password'}
              required
              value={secret}
              onChange={event => setSecret(event.target.value)}
            />
          </label>
          {why !== null && <ProblemView error={why} />}
          <button className="button primary" disabled={login.isPending}>
            Log in
          </button>
          {session.oidc && (
            <a className="button" href="/api/v1/session/oidc">
              Log in with your organisation
            </a>
          )}
          {local && <Command>assay serve</Command>}
        </div>
      </form>
    </main>
  );
}
