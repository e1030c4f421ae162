import { parseNodeId } from '@heddle/model';

/** Which connected proxy a text names: one, or a list of those it may mean or of all there are. */
export type ProxyLookup =
  | { readonly found: string }
  | { readonly problem: 'ambiguous' | 'unknown'; readonly proxies: readonly string[] };

/** `NAME.NAMESPACE`, as istioctl names proxies; an id of another shape stands for itself. */
export function proxyName(nodeId: string): string {
  const parsed = parseNodeId(nodeId);
  return 'problem' in parsed ? nodeId : `${parsed.name}.${parsed.namespace}`;
}

/**
 * Finds a proxy by node id, `NAME.NAMESPACE`, `NAME`, or a prefix of `NAME.NAMESPACE`; the first of these that fits any proxy decides.
 *
 * @returns the node id, or why there is not exactly one, with names of proxies to choose from
 */
export function findProxy(nodeIds: Iterable<string>, text: string): ProxyLookup {
  const names = new Map([...nodeIds].map((id) => [id, proxyName(id)]));
  const fits: readonly ((id: string, name: string) => boolean)[] = [
    (id) => id === text,
    (_id, name) => name === text,
    (_id, name) => name.slice(0, name.lastIndexOf('.')) === text,
    (_id, name) => text !== '' && name.startsWith(text),
  ];
  for (const fit of fits) {
    const candidates = [...names].filter(([id, name]) => fit(id, name));
    const [only] = candidates;
    if (only === undefined) continue;
    if (candidates.length === 1) return { found: only[0] };
    return { problem: 'ambiguous', proxies: distinct(candidates) };
  }
  return { problem: 'unknown', proxies: distinct([...names]) };
}

/** Names to choose from; where two proxies have the same name, their ids tell them apart. */
function distinct(proxies: readonly (readonly [id: string, name: string])[]): readonly string[] {
  const count = (wanted: string) => proxies.filter(([, name]) => name === wanted).length;
  return proxies.map(([id, name]) => (count(name) === 1 ? name : id)).sort();
}
