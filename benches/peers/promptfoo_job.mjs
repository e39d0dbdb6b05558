// packages: promptfoo
// The seconds are those of the evaluation alone, without starting Node and loading modules.
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const [url, file] = process.argv.slice(2);
const { default: promptfoo } = await import('promptfoo');
const rows = readFileSync(file, 'utf8').trim().split('\n').map((row) => JSON.parse(row));
const started = performance.now();
const done = await promptfoo.evaluate(
  {
    prompts: ['{{question}}'],
    providers: [{ id: 'openai:chat:mock', config: { apiBaseUrl: url, apiKey: 'none' } }],
    tests: rows.map((row) => ({
      vars: { question: row.question },
      assert: [{ type: 'equals', value: row.expected }],
    })),
    writeLatestResults: false,
  },
  { maxConcurrency: 64, cache: false, showProgressBar: false },
);
const seconds = (performance.now() - started) / 1000;
const results = done.results ?? (await done.toEvaluateSummary()).results;
const right = results.filter((result) => result.success).length;
if (right !== rows.length) throw new Error(`${right} right of ${rows.length}`);
const installed = new URL('node_modules/promptfoo/package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(installed, 'utf8'));
console.log(JSON.stringify({ version: `promptfoo ${version}`, seconds }));
process.exit(0);
