/** Messages of a server of ours, for the floor to write. */
import { writeFileSync } from 'node:fs';
import { startProgram } from './child-process.ts';
import type { Recording } from './floor-process.ts';

/** Lets one sidecar connect to a fresh server, records what it is sent then and for one changed endpoint, and writes it to a file. */
export async function record(
  file: string,
  mesh: { readonly services: number; readonly endpointsPerService: number },
): Promise<Recording> {
  const server = startProgram({ file: 'server-process.ts', core: 0 });
  const load = startProgram({ file: 'load-process.ts', core: 1 });
  try {
    const address = await server.ask<{ host: string; port: number }>('start', { ...mesh, path: 'raw' });
    const { expected } = await server.ask<{ expected: Record<string, number> }>('compile');
    await load.ask('open', { ...address, streams: 1, expected, record: true });
    await server.ask('settled');
    const { messages: sync } = await load.ask<{ messages: string[] }>('recorded');
    const changeIndex = 0;
    const { sinceMs } = await server.ask<{ sinceMs: number }>('endpoint', { index: changeIndex });
    await load.ask('endpoint', { index: changeIndex, sinceMs });
    const { messages } = await load.ask<{ messages: string[] }>('recorded');
    const [change] = messages;
    if (change === undefined || messages.length > 1)
      throw new Error(`one changed endpoint took ${messages.length} responses, wanted 1`);
    const recording = { expected, sync, change, changeIndex, services: mesh.services };
    writeFileSync(file, JSON.stringify(recording));
    return recording;
  } finally {
    await Promise.all([server.stop(), load.stop()]);
  }
}
