import { compareText } from '@heddle/model';
import { type Groups, groupItems, patchGroups } from '../incremental/groups.ts';
import { changedItems } from '../incremental/list-changes.ts';
import type { Continued, Memo } from '../memo.ts';
import type { MeshPort, MeshService } from '../registry/mesh-service.ts';
import { isHttp } from '../registry/port-protocol.ts';

/** A service with one of its ports. */
export interface ServicePort {
  readonly service: MeshService;
  readonly port: MeshPort;
}

/** The services that have a port, each list ordered by host. */
export interface PortServices {
  /** Hosts of the services that have the port, in any protocol. */
  readonly onPort: ReadonlySet<string>;
  /** Ports that speak HTTP, or may: those of undeclared protocol are among them. */
  readonly http: readonly ServicePort[];
  /** The first port that is declared to speak HTTP. */
  readonly declared: ServicePort | undefined;
  /** Ports that are not declared to speak HTTP. */
  readonly others: readonly ServicePort[];
}

/** The services by port, in ascending order; what is the same as before is the same object. */
export function servicesByPort(memo: Memo, services: readonly MeshService[]): ReadonlyMap<number, PortServices> {
  const groups = memo.evolve(groupByPort, memo.each(portsOfService, services));
  return memo.run(portTable, groups);
}

function portsOfService(_memo: Memo, service: MeshService): readonly ServicePort[] {
  return service.ports.map((port) => ({ service, port }));
}

const numberOf = ({ port }: ServicePort): readonly string[] => [String(port.number)];

function compareHosts(a: ServicePort, b: ServicePort): number {
  return compareText(a.service.host, b.service.host);
}

function groupByPort(
  _memo: Memo,
  before: Continued<readonly [readonly (readonly ServicePort[])[]], Groups<ServicePort>> | undefined,
  ports: readonly (readonly ServicePort[])[],
): Groups<ServicePort> {
  if (before === undefined) return groupItems(ports.flat(), numberOf, compareHosts);
  const { removed, added } = changedItems(before.inputs[0], ports);
  return patchGroups(before.result, removed.flat(), added.flat(), numberOf, compareHosts);
}

function portTable(memo: Memo, groups: Groups<ServicePort>): ReadonlyMap<number, PortServices> {
  const table = [...groups].map(([number, group]) => [Number(number), memo.run(portServices, group)] as const);
  return new Map(table.sort(([a], [b]) => a - b));
}

function portServices(_memo: Memo, all: readonly ServicePort[]): PortServices {
  const speaksHttp = ({ port }: ServicePort): boolean => isHttp(port.protocol) || port.protocol === 'undeclared';
  return {
    onPort: new Set(all.map(({ service }) => service.host)),
    http: all.filter(speaksHttp),
    declared: all.find(({ port }) => isHttp(port.protocol)),
    others: all.filter(({ port }) => !isHttp(port.protocol)),
  };
}
