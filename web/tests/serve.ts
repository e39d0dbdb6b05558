import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { preview, type PreviewServer } from 'vite';
import { BINARY, FROM_DIST } from './place';

export interface Server {
  address: string;
  token: string;
  stop: () => Promise<void>;
}

/** `assay serve` over a workspace, on a port that is free. */
export async function serve(workspace: string): Promise<Server> {
  const child = spawn(BINARY, ['serve', '--port', '0', '--json', '--no-notify'], {
    env: { ...process.env, ASSAY_WORKSPACE: workspace, ASSAY_USER: 'ann@example.org' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { address, token } = await said(child);
  const page = FROM_DIST ? await inFront(address) : undefined;
  return {
    address: (page?.address ?? address).replace(/\/$/, ''),
    token,
    stop: async () => {
      await page?.server.close();
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
    },
  };
}

/** The line that a server prints once it listens. */
async function said(child: ChildProcess): Promise<{ address: string; token: string }> {
  if (!child.stdout) throw new Error('the server has no standard output');
  for await (const line of createInterface(child.stdout))
    return JSON.parse(line) as { address: string; token: string };
  throw new Error('the server ended before it listened');
}

/** `web/dist` under the same policy, in front of the API of a server. */
async function inFront(address: string): Promise<{ address: string; server: PreviewServer }> {
  process.env.ASSAY_SERVER = address.replace(/\/$/, '');
  const server = await preview({ preview: { port: 0, strictPort: true }, logLevel: 'error' });
  const found = server.resolvedUrls?.local[0];
  if (!found) throw new Error('the page has no address');
  return { address: found, server };
}
