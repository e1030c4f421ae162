import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromJson, type JsonObject } from '@bufbuild/protobuf';
import { AgentError, buildBootstrap, type RunningEnvoy, runEnvoy } from '@heddle/agent';
import { loadRegistry } from '@heddle/envoy-api';
import { Bootstrap_StaticResourcesSchema, BootstrapSchema } from '@heddle/envoy-api/bootstrap';
import { RawClient } from '../../parity/raw-http.ts';
import { freePorts } from '../free-ports.ts';
import { filterResources, outsideOfResources } from './filter-bootstrap.ts';
import {
  configurationText,
  DEFAULT_ANSWER,
  type FilterPlane,
  type Outcome,
  type PlaneOptions,
  type ScriptedAnswer,
} from './filter-case.ts';
import { startScriptedServer } from './scripted-server.ts';
import { leaveOverWire, sendOverWire } from './send-over-wire.ts';

/**
 * Runs cases in the Envoy at `path`, set up by the filter's envoy.yaml: one process, one worker, one listener for each configuration.
 *
 * @param bootstrap fields of the bootstrap that a test wants besides, in Envoy's JSON: `node` for one
 */
export async function envoyPlane(
  path: string,
  options: PlaneOptions,
  bootstrap: JsonObject = {},
): Promise<FilterPlane> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'heddle-filter-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'filter.wasm');
  await writeFile(file, options.wasm);
  let upstream: Outcome['upstream'];
  let answer: ScriptedAnswer = DEFAULT_ANSWER;
  const server = stack.use(
    await startScriptedServer((call) => {
      upstream = call;
      return answer;
    }),
  );
  const clusterPorts: Record<string, number> = { upstream: server.port };
  for (const [name, script] of Object.entries(options.clusters)) {
    clusterPorts[name] = stack.use(await startScriptedServer(script)).port;
  }
  const configurations = [...new Set(options.cases.map(({ configuration }) => configurationText(configuration)))];
  const listened = [...configurations, ...(options.usesExample === true ? [undefined] : [])];
  const ports = await freePorts(listened.length);
  const registry = await loadRegistry();
  const envoy: RunningEnvoy = stack.use(
    await runEnvoy({
      path,
      bootstrap: create(BootstrapSchema, {
        ...buildBootstrap({ node: { id: 'test' }, adminAddress: `127.0.0.1:${options.adminPort ?? 0}` }),
        ...fromJson(BootstrapSchema, { ...outsideOfResources(options.example), ...bootstrap }, { registry }),
        staticResources: fromJson(
          Bootstrap_StaticResourcesSchema,
          filterResources(options.example, {
            file,
            clusterPorts,
            listeners: listened.map((configuration, i) => ({ configuration, port: ports[i] ?? 0 })),
          }),
          { registry },
        ),
      }),
      logLevel: 'warning',
      concurrency: 1,
      drainMs: 0,
      onLog: ({ message }) => options.onLog?.(message),
    }),
  );
  const clients = new Map(configurations.map((configuration, i) => [configuration, new RawClient(ports[i] ?? 0)]));
  stack.defer(() => {
    for (const client of clients.values()) client.close();
  });
  const owned = stack.move();
  return {
    async send(filterCase) {
      const client = clients.get(configurationText(filterCase.configuration));
      if (client === undefined) throw new Error(`Cannot send "${filterCase.name}": no listener has its configuration`);
      upstream = undefined;
      answer = filterCase.response ?? DEFAULT_ANSWER;
      return sendOverWire(client, filterCase, () => upstream);
    },
    leave(filterCase, when) {
      const port = ports[configurations.indexOf(configurationText(filterCase.configuration))] ?? 0;
      return leaveOverWire(port, filterCase, when);
    },
    async metrics() {
      const found = await envoy.admin.stats('^wasmcustom[.]');
      return new Map([...found].map(([name, value]) => [name.slice('wasmcustom.'.length), value]));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Everything that Envoy says when it refuses to start with the filter, or undefined if it starts all the same. */
export async function refusalByEnvoy(path: string, options: PlaneOptions): Promise<string | undefined> {
  const log: string[] = [];
  try {
    await using _ = await envoyPlane(path, { ...options, onLog: (message) => log.push(message) });
    return undefined;
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return [...log, error.message].join('\n');
  }
}
