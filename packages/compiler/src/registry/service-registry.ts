import { compareText } from '@heddle/model';
import type { Memo } from '../memo.ts';
import { byAge, type Service, type ServiceEntry } from '../mesh-objects.ts';
import type { MeshSettings } from '../settings.ts';
import {
  type MeshService,
  mergeSources,
  type ServiceSource,
  serviceEntrySources,
  serviceSource,
} from './mesh-service.ts';

/** Every host that the mesh knows. */
export interface ServiceRegistry {
  /** By lower-case host; wildcard hosts of ServiceEntries under their own text. */
  readonly byHost: ReadonlyMap<string, MeshService>;
  /** Ordered by host. */
  readonly services: readonly MeshService[];
}

/** The Kubernetes Services and, after them, the ServiceEntries from the oldest to the youngest: the order in which claims win. */
export function buildServiceRegistry(
  memo: Memo,
  services: readonly Service[],
  entries: readonly ServiceEntry[],
  settings: MeshSettings,
): ServiceRegistry {
  const sourcesByHost = new Map<string, ServiceSource[]>();
  const add = (source: ServiceSource): void => {
    const sources = sourcesByHost.get(source.host);
    if (sources === undefined) sourcesByHost.set(source.host, [source]);
    else sources.push(source);
  };
  for (const service of services) add(memo.run(serviceSource, service, settings.clusterDomain));
  for (const entry of byAge(entries)) for (const source of memo.run(serviceEntrySources, entry)) add(source);

  const byHost = new Map<string, MeshService>();
  for (const [host, [first, ...others]] of sourcesByHost) {
    if (first !== undefined) byHost.set(host, memo.run(mergeSources, first, ...others));
  }
  return { byHost, services: [...byHost.values()].sort((a, b) => compareText(a.host, b.host)) };
}
