/**
 * What an attribute is in CEL (Envoy, source/extensions/filters/common/expr/context.cc), for properties travel as bytes that do not tell.
 * `metadata`, `node` and `locality` are messages of envoy.config.core.v3.
 */
export type AttributeType =
  | 'text'
  | 'bytes'
  | 'int'
  | 'uint'
  | 'bool'
  | 'duration'
  | 'time'
  | 'headers'
  | 'metadata'
  | 'node'
  | 'locality';

/** Groups of attributes, and what in them is no text. */
const GROUPS: Readonly<Record<string, Readonly<Record<string, AttributeType>>>> = {
  request: {
    headers: 'headers',
    headers_bytes: 'int',
    time: 'time',
    size: 'int',
    total_size: 'int',
    duration: 'duration',
  },
  response: {
    headers: 'headers',
    trailers: 'headers',
    headers_bytes: 'int',
    code: 'int',
    size: 'int',
    total_size: 'int',
    flags: 'int',
    grpc_status: 'int',
    backend_latency: 'duration',
  },
  connection: { id: 'uint', mtls: 'bool' },
  source: { port: 'int' },
  destination: { port: 'int' },
  upstream: {
    port: 'int',
    locality: 'locality',
    cx_pool_ready_duration: 'duration',
    request_attempt_count: 'uint',
    num_endpoints: 'uint',
  },
  xds: {
    node: 'node',
    cluster_metadata: 'metadata',
    route_metadata: 'metadata',
    virtual_host_metadata: 'metadata',
    upstream_host_metadata: 'metadata',
    upstream_host_locality_metadata: 'metadata',
    listener_metadata: 'metadata',
    listener_direction: 'int',
  },
};

const WHOLE: Readonly<Record<string, AttributeType>> = {
  metadata: 'metadata',
  connection_id: 'uint',
  plugin_name: 'text',
  plugin_root_id: 'text',
  plugin_vm_id: 'text',
};

const STATES: ReadonlySet<string> = new Set(['filter_state', 'upstream_filter_state']);

/** The type of an attribute of a group, `request` for one; what filters have left is bytes unless it was declared otherwise. */
export function memberType(group: string, name: string): AttributeType {
  if (STATES.has(group)) return 'bytes';
  const members = GROUPS[group] ?? {};
  return (Object.hasOwn(members, name) ? members[name] : undefined) ?? 'text';
}

/** The type of an attribute that stands alone; undefined for a name that is not Envoy's: a property that a module has set. */
export function wholeType(name: string): AttributeType | undefined {
  return Object.hasOwn(WHOLE, name) ? WHOLE[name] : undefined;
}
