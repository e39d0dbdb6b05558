import { Page } from '../../ui/Page';

export function Component() {
  return <Page title="Run">{null}</Page>;
}
