import { Page } from '../../ui/Page';

export function Component() {
  return <Page title="Releases">{null}</Page>;
}
