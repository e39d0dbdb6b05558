import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { request } from '@playwright/test';
import { BINARY, missing, tell } from './place';
import { serve } from './serve';

/** A workspace of its own, a server over it and a session; all of it is gone afterwards. */
export default async function setup() {
  const why = missing();
  if (why) {
    console.log(`skipped: ${why}`);
    return;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'assay-e2e-'));
  execFileSync('bash', ['tests/workspace.sh', folder], {
    env: { ...process.env, ASSAY_BIN: BINARY },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const workspace = path.join(folder, '.assay');
  const server = await serve(workspace);
  const session = path.join(folder, 'session.json');
  const client = await request.newContext({ baseURL: server.address });
  const answer = await client.post('/api/v1/session', {
    data: { token: server.token },
    headers: { origin: server.address },
  });
  if (!answer.ok()) throw new Error(`no session: ${await answer.text()}`);
  await client.storageState({ path: session });
  await client.dispose();
  tell({ address: server.address, token: server.token, workspace, session });
  return async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  };
}
