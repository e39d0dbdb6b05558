import { createBrowserRouter, isRouteErrorResponse, Link, useRouteError } from 'react-router';
import { Problem } from '../api/client';
import { Page } from '../ui/Page';
import { Empty, ProblemView } from '../ui/States';
import { Shell } from './Shell';

/** An error of a page stays within the page. */
function Broken() {
  const error = useRouteError();
  if (isRouteErrorResponse(error) && error.status === 404) return <Nowhere />;
  // Each engine has its own words for a file of the page that could not be fetched.
  const unfetched = error instanceof TypeError && /module|import/i.test(error.message);
  const shown = unfetched
    ? new Problem(
        0,
        'This part of the page could not be loaded',
        'The server does not answer, or has been replaced by another version.',
        'start it with: assay serve, then try again',
        {},
      )
    : error;
  return (
    <Page title="Error">
      <ProblemView error={shown} retry={() => window.location.reload()} />
    </Page>
  );
}

function Nowhere() {
  return (
    <Page title="Not found">
      <Empty title="Nothing is at this address">
        <Link to="/">Back to the overview</Link>
      </Empty>
    </Page>
  );
}

/** Every page is a file of its own that is loaded when somebody goes there; it exports `Component`. */
export const router = createBrowserRouter([
  {
    element: <Shell />,
    errorElement: <Broken />,
    children: [
      {
        errorElement: <Broken />,
        children: [
          { index: true, lazy: () => import('../pages/overview') },
          { path: 'runs', lazy: () => import('../pages/runs') },
          { path: 'runs/:run/cases/:case', lazy: () => import('../pages/case') },
          { path: 'runs/:run/:tab?', lazy: () => import('../pages/run') },
          { path: 'compare', lazy: () => import('../pages/compare') },
          { path: 'explore', lazy: () => import('../pages/explore') },
          { path: 'releases', lazy: () => import('../pages/releases') },
          { path: 'releases/:release', lazy: () => import('../pages/release') },
          { path: '*', element: <Nowhere /> },
        ],
      },
    ],
  },
]);
