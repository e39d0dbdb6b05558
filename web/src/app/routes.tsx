import { createBrowserRouter, isRouteErrorResponse, Link, useRouteError } from 'react-router';
import { Page } from '../ui/Page';
import { Empty, ProblemView } from '../ui/States';
import { Shell } from './Shell';

/** An error of a page stays within the page. */
function Broken() {
  const error = useRouteError();
  if (isRouteErrorResponse(error) && error.status === 404) return <Nowhere />;
  return (
    <Page title="Error">
      <ProblemView error={error} retry={() => window.location.reload()} />
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
          { path: 'review', lazy: () => import('../pages/review') },
          { path: 'review/:project/:tab?', lazy: () => import('../pages/review/project') },
          { path: 'judges', lazy: () => import('../pages/judges') },
          { path: 'judges/:judge', lazy: () => import('../pages/judges/judge') },
          { path: 'releases', lazy: () => import('../pages/releases') },
          { path: 'releases/:release', lazy: () => import('../pages/release') },
          { path: '*', element: <Nowhere /> },
        ],
      },
    ],
  },
]);
