/** An Envoy with one worker that answers by itself, behind one filter. */
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listens, spawnPinned } from '../http-load.ts';
import type { BuiltFilter } from './built-filters.ts';

export interface BenchEnvoy {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/** @param folder where the module and the bootstrap are written to */
export async function startBenchEnvoy(
  path: string,
  folder: string,
  port: number,
  filter: BuiltFilter,
): Promise<BenchEnvoy> {
  const base = join(folder, String(port));
  if (filter.wasm !== undefined) writeFileSync(`${base}.wasm`, filter.wasm);
  writeFileSync(`${base}.json`, JSON.stringify(bootstrap(port, filter, `${base}.wasm`)));
  const child = spawnPinned('0', [
    path,
    '-c',
    `${base}.json`,
    '--concurrency',
    '1',
    '-l',
    'error',
    '--disable-hot-restart',
  ]);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = () => {
    child.kill('SIGKILL');
    return ended;
  };
  if (!(await listens(port)) || hasEnded(child)) {
    await stop();
    throw new Error(`Envoy with the filter "${filter.name}" did not listen within a minute`);
  }
  return { pid: child.pid ?? 0, port, stop };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function bootstrap(port: number, { name, wasm, configuration }: BuiltFilter, file: string) {
  const plugin = {
    name: 'filter',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
      config: {
        name,
        configuration: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: configuration },
        vm_config: { runtime: 'envoy.wasm.runtime.v8', code: { local: { filename: file } } },
      },
    },
  };
  const router = {
    name: 'router',
    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
  };
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'bench',
    route_config: {
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'ok' } } }],
        },
      ],
    },
    http_filters: wasm === undefined ? [router] : [plugin, router],
  };
  return {
    static_resources: {
      listeners: [
        {
          name: 'bench',
          address: { socket_address: { address: '127.0.0.1', port_value: port } },
          filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
        },
      ],
    },
  };
}
