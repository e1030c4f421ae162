import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { Node } from '@heddle/envoy-api/core';
import {
  type ListenerBinding,
  type ProxyCapabilities,
  type ProxyNode,
  parseNodeId,
  SUPPORTED_ENVOY_MINORS,
} from '@heddle/model';
import { DiscoveryError } from './discovery-error.ts';

/** `user_agent_name` of this project's own data plane; its `client_features` say what it can do. */
export const HEDDLE_USER_AGENT = 'heddle';

/**
 * Reads an `envoy.config.core.v3.Node` by Istio's conventions: the id's grammar, metadata `NAMESPACE` and `LABELS`, and Heddle's
 * `HEDDLE_BIND` (`{address, ports: {"80": 8080}}`).
 *
 * @throws DiscoveryError `invalid-argument` if there is no node, its id does not parse or its metadata has another shape
 */
export function proxyNodeOf(node: Node | undefined): ProxyNode {
  if (node === undefined) throw refuse('the first request of a stream carries no node, wanted one with an id');
  const parsed = parseNodeId(node.id);
  if ('problem' in parsed) throw refuse(parsed.problem);
  const metadata = node.metadata ?? {};
  const namespace = metadata['NAMESPACE'];
  if (namespace !== undefined && typeof namespace !== 'string') {
    throw refuse(`node "${node.id}" has metadata NAMESPACE ${JSON.stringify(namespace)}, wanted a string`);
  }
  const binding = readBinding(node.id, metadata['HEDDLE_BIND']);
  return {
    id: node.id,
    ...parsed,
    ...(namespace === undefined || namespace === '' ? {} : { namespace }),
    labels: readLabels(node.id, metadata['LABELS']),
    ...(binding === undefined ? {} : { binding }),
    capabilities: readCapabilities(node),
  };
}

function readLabels(id: string, value: JsonValue | undefined): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw refuse(`node "${id}" has metadata LABELS ${brief(value)}, wanted an object of strings`);
  // Without a prototype, so that a label called `constructor` is only a label.
  const labels: Record<string, string> = Object.create(null);
  for (const [key, label] of Object.entries(value)) {
    if (typeof label !== 'string') throw refuse(`node "${id}" has label "${key}" ${brief(label)}, wanted a string`);
    labels[key] = label;
  }
  return labels;
}

function readBinding(id: string, value: JsonValue | undefined): ListenerBinding | undefined {
  if (value === undefined || value === null) return undefined;
  const wanted = 'wanted {address: string, ports: {"PORT": PORT}} with ports from 1 to 65535';
  const problem = () => refuse(`node "${id}" has metadata HEDDLE_BIND ${brief(value)}, ${wanted}`);
  if (!isObject(value) || typeof value['address'] !== 'string' || value['address'] === '') throw problem();
  const given = value['ports'] ?? {};
  if (!isObject(given)) throw problem();
  const ports: Record<string, number> = {};
  for (const [configured, bound] of Object.entries(given)) {
    if (!isPort(Number(configured)) || typeof bound !== 'number' || !isPort(bound)) throw problem();
    ports[String(Number(configured))] = bound;
  }
  return { address: value['address'], ports };
}

function readCapabilities(node: Node): ProxyCapabilities {
  if (node.userAgentName === HEDDLE_USER_AGENT) {
    return { dataPlane: 'heddle', features: [...new Set(node.clientFeatures)].sort() };
  }
  const { oldest, newest } = SUPPORTED_ENVOY_MINORS;
  const agent = node.userAgentVersionType;
  const version = agent.case === 'userAgentBuildVersion' ? agent.value.version : undefined;
  // Only Envoy's own name vouches for Envoy's version numbers; others (gRPC) are sent what the oldest Envoy understands.
  const isKnown = node.userAgentName === 'envoy' && version?.majorNumber === 1;
  const minor = isKnown ? Math.min(Math.max(version.minorNumber, oldest), newest) : oldest;
  // Envoy lists what it was built with; who lists nothing says nothing.
  const withoutWasm = node.extensions.length > 0 && !node.extensions.some(({ name }) => name === WASM_RUNTIME);
  return { dataPlane: 'envoy', minor, ...(withoutWasm ? { withoutWasm } : {}) };
}

/** What runs modules in Envoy: an extension of the category `envoy.wasm.runtime`. */
const WASM_RUNTIME = 'envoy.wasm.runtime.v8';

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65_535;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Short enough for an error message, whatever the client sent. */
function brief(value: JsonValue): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function refuse(message: string): DiscoveryError {
  return new DiscoveryError('invalid-argument', `Cannot serve this stream: ${message}`);
}
