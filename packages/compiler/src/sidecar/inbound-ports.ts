import { type Diagnostic, diagnostic, formatRef, selectsLabels } from '@heddle/model';
import type { Memo } from '../memo.ts';
import { byAge, type Service } from '../mesh-objects.ts';
import { type ServiceSource, type SourcePort, serviceSource } from '../registry/mesh-service.ts';
import type { Workload } from '../registry/workload.ts';
import type { WorkloadIndex } from '../registry/workload-index.ts';
import type { MeshSettings } from '../settings.ts';

/** A port on which a workload serves a service. */
export interface InboundPort {
  /** Where the workload listens. */
  readonly number: number;
  /** The service, and its port, that decide what is spoken there. */
  readonly source: ServiceSource;
  readonly declaration: SourcePort;
}

/** See {@link inboundPorts}. */
export interface InboundPorts {
  /** In ascending order, each number once. */
  readonly ports: readonly InboundPort[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The ports on which the workloads of a view serve: those that the Services of their namespace send traffic to whose selectors match
 * their labels (given as JSON), exported or not. Of several Services on one port the oldest decides.
 */
export function inboundPorts(
  memo: Memo,
  services: readonly Service[],
  index: WorkloadIndex,
  labels: string,
  settings: MeshSettings,
): InboundPorts {
  const own = JSON.parse(labels) as Readonly<Record<string, string>>;
  const byNumber = new Map<number, InboundPort>();
  const diagnostics: Diagnostic[] = [];
  const selecting = services.filter(({ spec: { selector } }) => {
    return selector !== undefined && selectsLabels(selector, own) && Object.keys(selector).length > 0;
  });
  for (const service of byAge(selecting)) {
    const { selector = {} } = service.spec;
    const source = memo.run(serviceSource, service, settings.clusterDomain);
    const workloads = index.select(selector).filter((workload) => selectsLabels(own, workload.labels));
    for (const declaration of source.ports) {
      for (const number of targetsOf(declaration, workloads)) {
        const taken = byNumber.get(number);
        if (taken === undefined) byNumber.set(number, memo.run(inboundPort, declaration, source, number));
        else if (taken.declaration.protocol !== declaration.protocol && taken.source !== source) {
          diagnostics.push(spokenOtherwise(source, declaration, taken));
        }
      }
    }
  }
  return { ports: [...byNumber.values()].sort((a, b) => a.number - b.number), diagnostics };
}

/** The same object as long as its service does not change. */
function inboundPort(_memo: Memo, declaration: SourcePort, source: ServiceSource, number: number): InboundPort {
  return { number, source, declaration };
}

/** Where the workloads listen for a port; what the Service says where none of them runs. */
function targetsOf(port: SourcePort, workloads: readonly Workload[]): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (const { namedPorts, boundPorts } of workloads) {
    const containerPort = typeof port.target === 'number' ? port.target : namedPorts.get(port.target);
    if (containerPort !== undefined) numbers.add(boundPorts.get(containerPort) ?? containerPort);
  }
  if (numbers.size === 0 && typeof port.target === 'number') numbers.add(port.target);
  return numbers;
}

function spokenOtherwise(source: ServiceSource, port: SourcePort, winner: InboundPort): Diagnostic {
  return diagnostic('HED210', {
    resource: source.ref,
    path: port.path,
    message: `workloads that it selects speak ${winner.declaration.protocol} on port ${winner.number} for ${formatRef(winner.source.ref)} already, here ${port.protocol}`,
    effect: `their sidecars read connections to the port as ${winner.declaration.protocol}`,
    fix: 'declare one protocol for the port in both services',
  });
}
