import { execFile } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

// In a process of its own: what is tested is that it stays.
const PROGRAM = `
  import { createDiscoveryServer } from '@heddle/discovery';
  import { serveDiscovery } from '@heddle/discovery/node';
  import { viewOf } from '@heddle/model';
  const view = { resources: new Map(), diagnostics: [], provenance: () => undefined };
  const server = createDiscoveryServer({ resolveView: (node) => viewOf(node, new Set()), compile: () => view });
  const served = await serveDiscovery({ server, address: '127.0.0.1:0' });
  const streams = Array.from({ length: 20 }, () => server.openStream('somebody'));
  await served.close({ drainMs: 300 });
  console.log(streams.every((stream) => stream.isEnded) ? 'drained' : 'streams are left');
`;

test('a process that has nothing else to do stays until its streams are drained', async () => {
  const args = ['--conditions=@heddle/source', '--input-type=module', '--eval', PROGRAM];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toBe('drained\n');
});
