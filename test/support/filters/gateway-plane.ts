import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import { loadRegistry } from '@heddle/envoy-api';
import { ClusterSchema } from '@heddle/envoy-api/cluster';
import { ListenerSchema } from '@heddle/envoy-api/listener';
import { createStandaloneGateway } from '@heddle/gateway/node';
import { RawClient } from '../../parity/raw-http.ts';
import { freePorts } from '../free-ports.ts';
import { until } from '../waiting.ts';
import { filterResources } from './filter-bootstrap.ts';
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

/** The gateway cannot run a filter; the message is its own. */
class GatewayRefusal extends Error {}

/** Everything that the gateway says when it refuses to run the filter, or undefined if it runs all the same. */
export async function refusalByGateway(options: PlaneOptions): Promise<string | undefined> {
  const log: string[] = [];
  try {
    await using _ = await gatewayPlane({ ...options, onLog: (message) => log.push(message) });
    return undefined;
  } catch (error) {
    if (!(error instanceof GatewayRefusal)) throw error;
    return [...log, error.message].join('\n');
  }
}

/**
 * Runs cases in our own gateway, which takes the same resources as Envoy: one gateway, one listener for each configuration.
 */
export async function gatewayPlane(options: PlaneOptions): Promise<FilterPlane> {
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
  const { listeners, clusters } = filterResources(options.example, {
    file,
    clusterPorts,
    listeners: listened.map((configuration, i) => ({ configuration, port: ports[i] ?? 0 })),
  }) as { listeners: JsonObject[]; clusters: JsonObject[] };
  const registry = await loadRegistry();
  const named = <T>(all: readonly JsonObject[], read: (json: JsonValue) => T) =>
    new Map(all.map((json) => [json['name'] as string, read(json)]));
  const gateway = createStandaloneGateway({
    drainTimeoutMs: 0,
    node: (options.example as { node?: { id: string } }).node,
    onFilterLog: ({ message }) => options.onLog?.(message),
  });
  stack.defer(() => gateway.close({ drainTimeoutMs: 0 }));
  const problems = await gateway.apply({
    listeners: named(listeners, (json) => fromJson(ListenerSchema, json, { registry })),
    clusters: named(clusters, (json) => fromJson(ClusterSchema, json, { registry })),
    routes: new Map(),
    endpoints: new Map(),
  });
  if (problems.length > 0) throw new Error(problems.map((problem) => JSON.stringify(problem)).join('\n'));
  await until(async () => gateway.inspect().filters.every(({ state }) => state !== 'loading'), 10_000);
  const failed = gateway.inspect().filters.filter(({ state }) => state === 'failed');
  if (failed.length > 0) throw new GatewayRefusal(failed.map(({ problem }) => problem).join('\n'));
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
    metrics: async () => new Map(gateway.inspect().filterMetrics.map(({ name, value }) => [name, Number(value)])),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
