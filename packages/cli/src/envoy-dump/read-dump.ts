import type { JsonValue } from '@bufbuild/protobuf';
import { field, list, text, typeName } from './envoy-json.ts';

export type DumpType = 'listener' | 'route' | 'cluster' | 'endpoint' | 'ecds';

/** One resource of a dump, as JSON in the dump's own spelling. */
export interface DumpedResource {
  readonly type: DumpType;
  readonly name: string;
  readonly resource: JsonValue;
  /** Why the proxy refused it, or what came after it. */
  readonly error?: string;
}

/** The resources of a configuration dump, by type. */
export type Dump = Readonly<Record<DumpType, readonly DumpedResource[]>>;

/** Where the resources of one type stand in their part of the dump. */
interface Section {
  readonly type: DumpType;
  readonly lists: readonly string[];
  /** Ways from a list's entry to the resource; the first that leads somewhere is taken. */
  readonly paths: readonly (readonly string[])[];
}

/** envoy.admin.v3.ConfigDump: each part is a message of one of these types. */
const SECTIONS: Readonly<Record<string, Section>> = {
  ListenersConfigDump: {
    type: 'listener',
    lists: ['staticListeners', 'dynamicListeners'],
    paths: [['activeState', 'listener'], ['warmingState', 'listener'], ['drainingState', 'listener'], ['listener']],
  },
  RoutesConfigDump: {
    type: 'route',
    lists: ['staticRouteConfigs', 'dynamicRouteConfigs'],
    paths: [['routeConfig']],
  },
  ClustersConfigDump: {
    type: 'cluster',
    lists: ['staticClusters', 'dynamicActiveClusters', 'dynamicWarmingClusters'],
    paths: [['cluster']],
  },
  EndpointsConfigDump: {
    type: 'endpoint',
    lists: ['staticEndpointConfigs', 'dynamicEndpointConfigs'],
    paths: [['endpointConfig']],
  },
  EcdsConfigDump: {
    type: 'ecds',
    lists: ['ecdsFilters'],
    paths: [['ecdsFilter']],
  },
};

/**
 * Reads a dump of this project's control plane or of Envoy (`/config_dump`, with `?include_eds` for endpoints).
 *
 * @returns undefined if the value is no configuration dump
 */
export function readDump(value: JsonValue): Dump | undefined {
  const configs = field(value, 'configs');
  if (!Array.isArray(configs)) return undefined;
  const dump: Record<DumpType, DumpedResource[]> = { listener: [], route: [], cluster: [], endpoint: [], ecds: [] };
  for (const part of configs) {
    const section = SECTIONS[typeName(part)];
    if (section === undefined) continue;
    for (const entry of section.lists.flatMap((name) => list(part, name))) {
      const resource = section.paths.map((path) => field(entry, ...path)).find((found) => found !== undefined);
      const error = text(entry, 'errorState', 'details');
      if (resource === undefined && error === '') continue;
      const name = nameOf(resource) || text(entry, 'name');
      dump[section.type].push({
        type: section.type,
        name,
        resource: resource ?? { name },
        ...(error === '' ? {} : { error }),
      });
    }
  }
  return dump;
}

function nameOf(resource: JsonValue | undefined): string {
  return text(resource, 'name') || text(resource, 'clusterName');
}
