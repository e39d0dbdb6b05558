import { Suspense, useEffect, useRef, useState } from 'react';
import { Navigate, NavLink, Outlet, ScrollRestoration, useLocation, useNavigate } from 'react-router';
import { useQueryClient } from '@tanstack/react-query';
import { api } from '../api/client';
import { Loading } from '../ui/States';
import { Dialog, Menu } from '../ui/Overlay';
import { Away } from './Away';
import { known, useKeys, type Keys } from './keys';
import { useMay, useSession } from './session';
import { setTheme, useTheme, type Theme } from './theme';

/** Raters alone see nothing but review: ratings stay blind. */
const PLACES: { to: string; text: string; key: string; all?: boolean }[] = [
  { to: '/', text: 'Overview', key: 'o' },
  { to: '/runs', text: 'Runs', key: 'r' },
  { to: '/compare', text: 'Compare', key: 'c' },
  { to: '/explore', text: 'Explore', key: 'e' },
  { to: '/datasets', text: 'Datasets', key: 'd' },
  { to: '/review', text: 'Review', key: 'v', all: true },
  { to: '/judges', text: 'Judges', key: 'j' },
  { to: '/releases', text: 'Releases', key: 'l' },
];
const THEMES: { theme: Theme; text: string }[] = [
  { theme: 'system', text: 'As the system' },
  { theme: 'light', text: 'Light' },
  { theme: 'dark', text: 'Dark' },
];

/** The frame of every page: where one can go, whose workspace it is, and the keys. */
export function Shell() {
  const session = useSession();
  const navigate = useNavigate();
  const [admin, audits] = [useMay('admin'), useMay('auditor', 'admin')];
  const client = useQueryClient();
  const theme = useTheme();
  const { pathname } = useLocation();
  const [help, setHelp] = useState(false);
  const main = useRef<HTMLElement>(null);
  const shown = useRef(pathname);
  // Whoever reads with the keyboard or by ear goes on in the new page, not in the link that led to it.
  useEffect(() => {
    if (shown.current !== pathname) main.current?.focus({ preventScroll: true });
    shown.current = pathname;
  }, [pathname]);
  const keys: Keys = {
    '?': { does: 'show the keys', run: () => setHelp(true) },
    '/': {
      does: 'search',
      run: () => document.querySelector<HTMLElement>('main input[type="search"]')?.focus(),
    },
  };
  const blind = (session.user?.roles ?? []).every(role => role === 'rater');
  const places = PLACES.filter(place => place.all || !blind);
  for (const place of places)
    keys[`g ${place.key}`] = { does: `go to ${place.text}`, run: () => void navigate(place.to) };
  if (admin) keys['g p'] = { does: 'go to People', run: () => void navigate('/admin/people') };
  if (audits) keys['g a'] = { does: 'go to the audit log', run: () => void navigate('/admin/audit') };
  useKeys(keys);
  if (blind && !pathname.startsWith('/review')) return <Navigate to="/review" replace />;
  const leave = async () => {
    await api.delete('/session');
    client.clear();
    window.location.assign('/');
  };
  return (
    <div className="shell">
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header className="bar">
        <NavLink to="/" className="brand" aria-label="Assay, overview">
          <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden>
            <rect width="32" height="32" rx="7" fill="var(--accent)" />
            <path
              d="M5 16h22M5 11.500v9M27 11.500v9"
              stroke="var(--accent-ink)"
              strokeWidth="2.200"
              strokeLinecap="round"
              opacity=".85"
            />
            <circle cx="18" cy="16" r="4.500" fill="var(--accent-ink)" />
          </svg>
          Assay
        </NavLink>
        <nav aria-label="Main">
          {places.map(place => (
            <NavLink key={place.to} to={place.to} end={place.to === '/'} title={`g ${place.key}`}>
              {place.text}
            </NavLink>
          ))}
        </nav>
        <div className="who">
          <span className="faint cut" title="Project">
            {session.project}
          </span>
          <button
            type="button"
            className="button quiet small"
            onClick={() => setHelp(true)}
            aria-label="Show the keys"
          >
            <kbd>?</kbd>
          </button>
          <Menu
            trigger={
              <button type="button" className="button quiet small">
                {session.user?.name} ▾
              </button>
            }
            items={[
              ...THEMES.map(choice => ({
                text: (
                  <>
                    <span className="tick" aria-hidden>
                      {choice.theme === theme && '✓'}
                    </span>
                    {choice.text}
                    {choice.theme === theme && <span className="sr"> (chosen)</span>}
                  </>
                ),
                label: choice.text,
                run: () => setTheme(choice.theme),
              })),
              ...(admin ? [{ text: 'People', run: () => void navigate('/admin/people') }] : []),
              ...(audits ? [{ text: 'Audit log', run: () => void navigate('/admin/audit') }] : []),
              { text: 'Log out', run: () => void leave() },
            ]}
          />
        </div>
      </header>
      <main id="content" tabIndex={-1} ref={main} key={pathname.split('/')[1]}>
        <Away />
        <Suspense fallback={<Loading />}>
          <Outlet />
        </Suspense>
      </main>
      {/* After the content, which scrolls to where it was made when it is made. */}
      <ScrollRestoration />
      <Dialog open={help} close={() => setHelp(false)} title="Keys">
        {help && (
          <dl className="facts">
            {known().map(({ key, does }) => (
              <div key={key} style={{ display: 'contents' }}>
                <dt>
                  {key.split(' ').map((part, index) => (
                    <span key={index}>
                      {index > 0 && ' then '}
                      <kbd>{part}</kbd>
                    </span>
                  ))}
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        )}
        <p className="faint small">Assay {session.version}</p>
      </Dialog>
    </div>
  );
}
