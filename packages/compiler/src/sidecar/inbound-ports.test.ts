import { describe, expect, test } from 'vitest';
import { noMemo } from '../memo.ts';
import type { Pod, Service } from '../mesh-objects.ts';
import { indexWorkloads } from '../registry/workload-index.ts';
import { defaultMeshSettings } from '../settings.ts';
import { inboundPorts } from './inbound-ports.ts';

type Ports = Service['spec']['ports'];

function service(name: string, selector: Readonly<Record<string, string>>, ports: Ports, born?: string): Service {
  const metadata = { name, namespace: 'shop', ...(born === undefined ? {} : { creationTimestamp: born }) };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector, ...(ports === undefined ? {} : { ports }) } };
}

function pod(name: string, labels: Readonly<Record<string, string>>, http: number): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels },
    spec: { containers: [{ name: 'app', ports: [{ name: 'http', containerPort: http }] }] },
    status: { podIP: '10.0.0.1' },
  };
}

function portsOf(services: readonly Service[], pods: readonly Pod[], labels: Readonly<Record<string, string>>) {
  const index = indexWorkloads(noMemo, pods, []);
  const { ports, diagnostics } = inboundPorts(noMemo, services, index, JSON.stringify(labels), defaultMeshSettings);
  return {
    ports: ports.map(({ number, source, declaration }) => `${number} ${declaration.protocol} ${source.ref.name}`),
    codes: diagnostics.map(({ code, resource }) => `${code} ${resource?.name}`),
  };
}

describe('inboundPorts', () => {
  const cart = { app: 'cart' };

  test('are the target ports of the services that select the workload', () => {
    const services = [
      service('cart', cart, [
        { name: 'http', port: 80, targetPort: 8080 },
        { name: 'tcp-db', port: 5432 },
      ]),
      service('other', { app: 'other' }, [{ name: 'http', port: 81 }]),
      service('everybody', {}, [{ name: 'http', port: 82 }]),
    ];
    expect(portsOf(services, [], cart).ports).toEqual(['5432 tcp cart', '8080 http cart']);
  });

  test('of a named target port are what the selected pods call so, ready or not', () => {
    const services = [service('cart', cart, [{ name: 'web', port: 80, targetPort: 'http' }])];
    const pods = [pod('a', { app: 'cart', version: 'v1' }, 8081), pod('b', { app: 'cart', version: 'v2' }, 8082)];
    expect(portsOf(services, pods, cart).ports).toEqual(['8081 undeclared cart', '8082 undeclared cart']);
    expect(portsOf(services, pods, { app: 'cart', version: 'v2' }).ports).toEqual(['8082 undeclared cart']);
    expect(portsOf(services, [], cart).ports).toEqual([]);
  });

  test('are read by the oldest service, and contradictions are told', () => {
    const services = [
      service('young', cart, [{ name: 'tcp', port: 1, targetPort: 8080 }], '2024-01-01T00:00:00Z'),
      service('old', cart, [{ name: 'http', port: 2, targetPort: 8080 }], '2020-01-01T00:00:00Z'),
      service('same', cart, [{ name: 'http', port: 3, targetPort: 8080 }]),
    ];
    expect(portsOf(services, [], cart)).toEqual({ ports: ['8080 http old'], codes: ['HED210 young'] });
  });
});
