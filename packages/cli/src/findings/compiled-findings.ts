import { analysisRules } from '@heddle/analysis';
import { createCompiler } from '@heddle/compiler';
import {
  compareDiagnostics,
  type Diagnostic,
  formatFieldPath,
  type MeshSnapshot,
  nodeId,
  type ProxyNode,
  refKey,
  SUPPORTED_ENVOY_MINORS,
  viewOf,
} from '@heddle/model';
import { INGRESS_LABELS, INGRESS_NAMESPACE } from '../dev/data-plane.ts';
import { assumeRunning } from '../workloads/assumed-workloads.ts';

/**
 * What is found besides when the objects are compiled for the proxies that they speak of: each set of labels that a Gateway selects, and
 * a sidecar in each namespace. What a rule of the analysis says of the same field is not said twice.
 */
export function withCompiledFindings(snapshot: MeshSnapshot, found: readonly Diagnostic[]): readonly Diagnostic[] {
  const { snapshot: running } = assumeRunning(snapshot);
  const ruled = new Set<string>([...analysisRules.map(({ code }) => code), ...SAID_BY_RULES]);
  const known = new Set(found.map(placeKey));
  const added = new Map<string, Diagnostic>();
  const compiler = createCompiler();
  const selectorKeys = compiler.selectorKeys(running);
  for (const node of proxiesOf(running)) {
    for (const one of compiler.compile(running, viewOf(node, selectorKeys)).diagnostics) {
      const key = placeKey(one);
      if (ruled.has(one.code) || known.has(key)) continue;
      added.set(`${key} ${one.message}`, running.located(one));
    }
  }
  return [...found, ...added.values()].sort(compareDiagnostics);
}

/** Codes of the compiler that rules have another name for. */
const SAID_BY_RULES = ['HED205'];

function placeKey({ code, resource, path }: Diagnostic): string {
  return resource === undefined ? code : `${refKey(resource)} ${formatFieldPath(path)}`;
}

function* proxiesOf(snapshot: MeshSnapshot): Generator<ProxyNode> {
  const selectors = new Map<string, Readonly<Record<string, string>>>([
    [JSON.stringify(INGRESS_LABELS), INGRESS_LABELS],
  ]);
  for (const { spec } of snapshot.list('Gateway')) {
    const { selector = {} } = spec;
    const ingress = Object.entries(selector).every(([key, value]) => INGRESS_LABELS[key] === value);
    if (!ingress) selectors.set(JSON.stringify(selector), selector);
  }
  for (const labels of selectors.values()) yield proxy('router', INGRESS_NAMESPACE, labels);
  const namespaces = new Set(
    [...snapshot.list('Pod'), ...snapshot.list('Deployment')].map(({ metadata }) => metadata.namespace ?? 'default'),
  );
  for (const namespace of namespaces) yield proxy('sidecar', namespace, {});
}

function proxy(type: ProxyNode['type'], namespace: string, labels: Readonly<Record<string, string>>): ProxyNode {
  const dnsDomain = `${namespace}.svc.cluster.local`;
  const identity = { type, ip: '127.0.0.1', name: 'analysis', namespace, dnsDomain };
  const capabilities = { dataPlane: 'envoy', minor: SUPPORTED_ENVOY_MINORS.newest } as const;
  return { ...identity, id: nodeId(identity), labels, capabilities };
}
