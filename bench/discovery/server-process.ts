/**
 * The control plane under load: Services and Pods in a memory source, the real compiler, the real discovery server.
 *
 * Commands: `start` {services, endpointsPerService, path} answers {host, port}; `compile` answers what a sidecar is to expect;
 * `endpoint` {index} changes one endpoint; `annotate` {index} changes nothing that matters; `rate` {first, perSecond, seconds} changes
 * endpoints steadily; `settled`; `usage`.
 */
import { type ControlPlane, createControlPlane } from '@heddle/control-plane';
import { proxyNodeOf } from '@heddle/discovery';
import { serveDiscovery } from '@heddle/discovery/node';
import { createMemorySource, type MemorySource } from '@heddle/sources';
import { answerCommands, sharedClockMs } from './child-process.ts';
import { BenchMesh, sidecarNode } from './mesh.ts';
import { onSchedule } from './schedule.ts';

let mesh: BenchMesh;
let source: MemorySource;
let controlPlane: ControlPlane;

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
    controlPlane = createControlPlane({
      sources: [source],
      // How fast streams are taken up is a setting, and not what is measured here.
      discoveryLimits: { maxNewStreamsAtOnce: 10_000, maxNewStreamsPerSecond: 10_000 },
    });
    await controlPlane.started;
    const { address } = await serveDiscovery({
      server: controlPlane.discovery,
      address: '127.0.0.1:0',
      responsePath: path === 'connect' ? 'connect' : 'raw',
    });
    const [host, port] = address.split(':');
    return { host, port: Number(port) };
  },
  compile() {
    const { resources } = controlPlane.compileFor(proxyNodeOf(sidecarNode(0)));
    return { expected: Object.fromEntries([...resources].map(([typeUrl, byName]) => [typeUrl, byName.size])) };
  },
  endpoint: ({ index }) => change(() => mesh.changeEndpoint(Number(index))),
  annotate: ({ index }) => change(() => mesh.changeAnnotation(Number(index))),
  async rate({ first, perSecond, seconds }) {
    const report = await onSchedule(Number(perSecond), Number(seconds), (from, to) => {
      for (let number = from; number < to; number++) mesh.changeEndpoint(Number(first) + number);
      source.setObjects(mesh.objects);
    });
    // The last changes may still be on their way to the streams, which look settled until then.
    await controlPlane.refresh();
    return report;
  },
  settled: () => controlPlane.discovery.settled(),
});
