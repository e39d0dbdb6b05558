import { useEffect, useRef, type ReactNode } from 'react';
import { Link } from 'react-router';

interface PageProps {
  title: string;
  /** Shown instead of the title when it is more than text. */
  head?: ReactNode;
  crumbs?: { to: string; text: string }[];
  sub?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** A page: its name (also the window's), where it belongs, what can be done with it, its content. */
export function Page({ title, head, crumbs, sub, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Assay`;
  }, [title]);
  return (
    <div className="page">
      <div className="page-head">
        <div>
          {crumbs && (
            <nav className="crumbs" aria-label="Breadcrumbs">
              {crumbs.map(crumb => (
                <span key={crumb.to}>
                  <Link to={crumb.to}>{crumb.text}</Link> /{' '}
                </span>
              ))}
            </nav>
          )}
          <h1>{head ?? title}</h1>
          {sub && <div className="sub">{sub}</div>}
        </div>
        {actions && <div className="actions">{actions}</div>}
      </div>
      {children}
    </div>
  );
}

/** A part of a page with a heading; `flush` for tables that reach its edges. */
export function Panel(props: {
  title?: ReactNode;
  note?: ReactNode;
  actions?: ReactNode;
  flush?: boolean;
  id?: string;
  children: ReactNode;
}) {
  const { title, note, actions, flush, id, children } = props;
  const body = useRef<HTMLDivElement>(null);
  // A table that is wider than its panel can be scrolled with the keyboard, in engines too that do not see to it.
  useEffect(() => {
    const element = body.current;
    if (!flush || !element) return;
    const seen = new ResizeObserver(() => {
      if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
      else element.removeAttribute('tabindex');
    });
    seen.observe(element);
    if (element.firstElementChild) seen.observe(element.firstElementChild);
    return () => seen.disconnect();
  }, [flush]);
  return (
    <section className="panel" id={id}>
      {title && (
        <header>
          <h2>{title}</h2>
          {note && <span className="note">{note}</span>}
          {actions && <div className="actions">{actions}</div>}
        </header>
      )}
      <div ref={body} className={flush ? 'body flush' : 'body'}>
        {children}
      </div>
    </section>
  );
}

/** Parts of a page as links, each with its address; `to` is relative to the page, '' is the first. */
export function Tabs({
  tabs,
  current,
  label,
}: {
  tabs: { to: string; text: ReactNode; key: string }[];
  current: string;
  label: string;
}) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map(tab => (
        <Link key={tab.key} to={tab.to} aria-current={tab.key === current ? 'page' : undefined}>
          {tab.text}
        </Link>
      ))}
    </nav>
  );
}
