import type { Page } from '@playwright/test';
import { newest, runsOf } from './browse';

/** Every page with something on it: its name, and its address in the workspace of the tests. */
export const PAGES: Record<string, (page: Page) => Promise<string> | string> = {
  overview: () => '/',
  runs: () => '/runs',
  run: async page => `/runs/${(await newest(page, 'docs-qa')).id}`,
  'run-cases': async page => `/runs/${(await newest(page, 'docs-qa')).id}/cases`,
  'run-costs': async page => `/runs/${(await newest(page, 'docs-qa')).id}/costs`,
  'run-facts': async page => `/runs/${(await newest(page, 'docs-qa')).id}/facts`,
  'run-hostile': async page => `/runs/${(await newest(page, 'hostile')).id}/cases`,
  'run-early': async page => `/runs/${(await newest(page, 'early')).id}`,
  case: async page => `/runs/${(await newest(page, 'docs-qa')).id}/cases/q03`,
  'case-agent': async page => `/runs/${(await newest(page, 'agent')).id}/cases/refund`,
  compare: async page => {
    const run = await newest(page, 'docs-qa');
    return `/compare?candidate=${run.id}:v2&baseline=${run.id}:v1`;
  },
  'compare-none': () => '/compare',
  'compare-several': async page => {
    const [candidate, baseline] = await pair(page);
    return `/compare?candidate=${candidate}&candidate=${baseline}:v2&baseline=${baseline}:v1`;
  },
  explore: () =>
    `/explore?sql=${encodeURIComponent('select suite, target, count(*) as trials from trials group by suite, target order by trials desc, target')}`,
  'explore-chart': () =>
    `/explore?${new URLSearchParams({
      sql: "select case_id, target, latency_us, cost_nanousd from trials where suite = 'docs-qa' order by case_id limit 60",
      kind: 'scatter',
      x: 'case_id',
      y: 'latency_us',
      colour: 'target',
    })}`,
  releases: () => '/releases',
  release: () => '/releases/1',
  nowhere: () => '/nowhere',
};

/** The ids of the two runs of the first example, the newest first. */
const pair = async (page: Page) => (await runsOf(page, 'docs-qa')).map(run => run.id);
