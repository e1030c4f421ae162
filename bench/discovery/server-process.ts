/**
 * The control plane under load: Services and Pods in a memory source, the real compiler, the real discovery server.
 *
 * Commands: `start` {services, endpointsPerService, path} answers {host, port}; `compile` answers what a sidecar is to expect;
 * `endpoint` {index} changes one endpoint; `annotate` {index} changes nothing that matters; `rate` {first, perSecond, seconds} changes
 * endpoints steadily; `settled`; `usage`.
 */
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type ControlPlane, createControlPlane } from '@heddle/control-plane';
import { serveControlPlane } from '@heddle/control-plane/node';
import { createMemorySource, type MemorySource } from '@heddle/sources';
import { answerCommands, sharedClockMs } from './child-process.ts';
import { BenchMesh, SIDECAR } from './mesh.ts';
import { onSchedule } from './schedule.ts';

let mesh: BenchMesh;
let source: MemorySource;
let controlPlane: ControlPlane;

async function serve(path: unknown): Promise<string> {
  if (path === 'connect') {
    const served = await serveControlPlane({
      controlPlane,
      grpcAddress: '127.0.0.1:0',
      httpAddress: '127.0.0.1:0',
      version: 'bench',
    });
    return served.grpcAddress;
  }
  // Measured before the package exports it: the decision record says which path is served.
  const file = new URL('../../packages/discovery/src/node/raw-delta-handler.ts', import.meta.url).href;
  const { createRawDeltaHandler } = await import(file);
  const raw = createRawDeltaHandler({ server: controlPlane.discovery, peerOf: () => 'bench' });
  const http = createServer((request, response) => raw(request, response) || response.writeHead(404).end());
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(http.address() as AddressInfo).port}`;
}

async function change(alter: () => ReturnType<BenchMesh['changeEndpoint']>) {
  const objects = alter();
  const sinceMs = sharedClockMs();
  source.setObjects(objects);
  await controlPlane.refresh();
  return { sinceMs, appliedMs: sharedClockMs() - sinceMs };
}

answerCommands({
  async start({ services, endpointsPerService, path }) {
    mesh = new BenchMesh({ services: Number(services), endpointsPerService: Number(endpointsPerService) });
    source = createMemorySource({ objects: mesh.objects });
    controlPlane = createControlPlane({ sources: [source] });
    await controlPlane.started;
    const [host, port] = (await serve(path)).split(':');
    return { host, port: Number(port) };
  },
  compile() {
    const { resources } = controlPlane.compileFor(SIDECAR);
    return { expected: Object.fromEntries([...resources].map(([typeUrl, byName]) => [typeUrl, byName.size])) };
  },
  endpoint: ({ index }) => change(() => mesh.changeEndpoint(Number(index))),
  annotate: ({ index }) => change(() => mesh.changeAnnotation(Number(index))),
  rate: ({ first, perSecond, seconds }) =>
    onSchedule(Number(perSecond), Number(seconds), (from, to) => {
      for (let number = from; number < to; number++) mesh.changeEndpoint(Number(first) + number);
      source.setObjects(mesh.objects);
    }),
  settled: () => controlPlane.discovery.settled(),
});
