import type { JsonValue } from '@bufbuild/protobuf';
import { parseClusterName } from '@heddle/model';
import { formatTable } from '../terminal/text-table.ts';
import { field, list, originOf, text } from './envoy-json.ts';
import { listenerRows } from './listener-rows.ts';
import type { Dump, DumpType } from './read-dump.ts';
import { routeRows } from './route-rows.ts';

interface Table {
  readonly header: readonly string[];
  rows(resource: JsonValue): readonly (readonly string[])[];
}

/** The columns of `istioctl proxy-config`. */
const TABLES: Readonly<Record<DumpType, Table>> = {
  listener: { header: ['ADDRESSES', 'PORT', 'MATCH', 'DESTINATION'], rows: listenerRows },
  route: { header: ['NAME', 'VHOST NAME', 'DOMAINS', 'MATCH', 'VIRTUAL SERVICE'], rows: routeRows },
  cluster: {
    header: ['SERVICE FQDN', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'DESTINATION RULE'],
    rows: (cluster) => [clusterRow(cluster)],
  },
  endpoint: { header: ['ENDPOINT', 'STATUS', 'LOCALITY', 'CLUSTER'], rows: endpointRows },
  ecds: {
    header: ['ECDS NAME', 'TYPE', 'MODULE', 'PLUGIN', 'WHEN IT FAILS'],
    rows: (extension) => [extensionRow(extension)],
  },
};

/** The resources of one type as a table, ordered by what is in it. */
export function dumpTable(dump: Dump, type: DumpType): string {
  const { header, rows } = TABLES[type];
  const sorted = dump[type]
    .map(({ resource }) => rows(resource))
    .sort(([a = []], [b = []]) => compareRows(sortKey(type, a), sortKey(type, b)));
  return formatTable(header, sorted.flat());
}

/** Listeners are found by their port, endpoints by their cluster, everything else by its first column. */
function sortKey(type: DumpType, row: readonly string[]): readonly string[] {
  if (type === 'listener') return [row[1] ?? '', row[0] ?? ''];
  return type === 'endpoint' ? [row[3] ?? ''] : row;
}

function compareRows(a: readonly string[], b: readonly string[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index] ?? '';
    if (left === right) continue;
    const [x, y] = [Number(left), Number(right)];
    return Number.isInteger(x) && Number.isInteger(y) ? x - y : left < right ? -1 : 1;
  }
  return 0;
}

function clusterRow(cluster: JsonValue): readonly string[] {
  const name = text(cluster, 'name');
  const parsed = parseClusterName(name);
  const type = text(cluster, 'clusterType', 'name') || text(cluster, 'type') || 'STATIC';
  const rule = originOf(cluster, 'destination-rule');
  if (parsed === undefined) return [name, '-', '-', '-', type, rule];
  return [parsed.host, String(parsed.port), parsed.subset || '-', parsed.direction, type, rule];
}

function endpointRows(assignment: JsonValue): readonly (readonly string[])[] {
  const cluster = text(assignment, 'clusterName') || text(assignment, 'name');
  const rows = list(assignment, 'endpoints').flatMap((group) =>
    list(group, 'lbEndpoints').map((endpoint) => [
      endpointAddress(endpoint),
      // "UNKNOWN … is interpreted by Envoy as HEALTHY" (envoy.config.core.v3.HealthStatus), and it is the default.
      text(endpoint, 'healthStatus').replace(/^UNKNOWN$/, '') || 'HEALTHY',
      ['region', 'zone', 'subZone']
        .map((part) => text(group, 'locality', part))
        .filter((part) => part !== '')
        .join('/'),
      cluster,
    ]),
  );
  // A cluster without endpoints answers 503: that is worth a line.
  return rows.length === 0 ? [['-', 'NO ENDPOINTS', '', cluster]] : rows;
}

/** A configuration that a listener fetches: here a filter in WebAssembly; of others name and type are told. */
function extensionRow(extension: JsonValue): readonly string[] {
  const type = text(extension, 'typedConfig', '@type');
  const config = field(extension, 'typedConfig', 'config');
  const code = field(config, 'vmConfig', 'code');
  const inline = text(code, 'local', 'inlineBytes') === '' ? '-' : 'inline';
  const module = text(code, 'local', 'filename') || text(code, 'remote', 'httpUri', 'uri') || inline;
  const policy = text(config, 'failurePolicy').replace(/^UNSPECIFIED$/, '') || 'FAIL_CLOSED';
  const name = type.slice(type.lastIndexOf('/') + 1);
  const row = [text(extension, 'name'), name.split('.').at(-1) || '-'];
  return config === undefined ? [...row, '-', '-', '-'] : [...row, module, text(config, 'rootId') || '-', policy];
}

function endpointAddress(endpoint: JsonValue): string {
  const address = field(endpoint, 'endpoint', 'address');
  const host = text(address, 'socketAddress', 'address');
  if (host !== '') {
    const port = text(address, 'socketAddress', 'portValue') || text(address, 'socketAddress', 'namedPort');
    return `${host.includes(':') ? `[${host}]` : host}:${port}`;
  }
  const internal = text(address, 'envoyInternalAddress', 'serverListenerName');
  if (internal !== '') return `envoy://${internal}/${text(address, 'envoyInternalAddress', 'endpointId')}`;
  return text(address, 'pipe', 'path') || 'unknown';
}
