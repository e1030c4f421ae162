/** The same load by a client that is not ours: a program that opens ADS streams and prints a JSON line for each `mark` on its stdin. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { canPin, startProgram, type Usage } from './child-process.ts';
import type { Plan } from './measure.ts';
import { MESH_NAMESPACE } from './mesh.ts';

/** Its own lines (first sync, one changed endpoint), with the CPU that the server used meanwhile. */
export async function measureWithAdsload(
  executable: string,
  plan: Plan,
  path: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const server = startProgram({ file: 'server-process.ts', core: 0 });
  const { host, port } = await server.ask<{ host: string; port: number }>('start', { ...plan, path });
  const args = [
    '-addr',
    `${host}:${port}`,
    '-n',
    String(plan.streams),
    '-delta',
    '-ns',
    MESH_NAMESPACE,
    '-quiet',
    '1s',
  ];
  const [command, ...rest] = [...(canPin ? ['taskset', '-c', '1'] : []), executable, ...args] as [string];
  const load = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
  const failed = new Promise<never>((_, reject) => {
    load.once('error', reject);
    load.once('exit', (code) => reject(new Error(`${executable} ended with code ${code}`)));
  });
  failed.catch(() => {});
  const lines = createInterface({ input: load.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => {
    const { value, done } = await Promise.race([lines.next(), failed]);
    if (done === true) throw new Error(`${executable} closed its output`);
    return JSON.parse(value) as Record<string, unknown>;
  };
  const withCpu = async (work: () => Promise<Record<string, unknown>>) => {
    const before = await server.ask<Usage>('usage');
    const line = await work();
    const after = await server.ask<Usage>('usage');
    return {
      figure: 'adsload',
      ...line,
      cpuSeconds: after.cpuSeconds - before.cpuSeconds,
      rssMegabytes: after.rssMegabytes,
    };
  };
  try {
    const sync = await withCpu(nextLine);
    const change = await withCpu(async () => {
      load.stdin.write('mark one endpoint\n');
      // It says nothing when it has taken the mark.
      await new Promise((resolve) => setTimeout(resolve, 200));
      await server.ask('endpoint', { index: 0 });
      return nextLine();
    });
    return [sync, change];
  } finally {
    load.kill('SIGKILL');
    await server.stop();
  }
}
