import type { HttpMatch, StringMatch } from '../mesh-objects.ts';

/** A condition of a root and one of a delegate as one: what fulfils both. */
export interface MergedMatch {
  readonly match: HttpMatch;
  /** The place of the delegate's condition in its rule; undefined where only the root has one. */
  readonly leaf: number | undefined;
  /** The place of the root's condition; undefined where only the delegate has one. */
  readonly root: number | undefined;
}

/**
 * The alternatives of a delegate's rule within those of the rule that delegates to it. Each of the delegate's must lie within one of the
 * root's (Istio, `VirtualService`, Delegate): a string that the root wants by prefix may be narrowed to a longer prefix or an exact one,
 * a regex stands alone. Undefined if one of the delegate's alternatives lies in none.
 */
export function mergeMatches(
  roots: readonly HttpMatch[],
  leaves: readonly HttpMatch[],
): readonly MergedMatch[] | undefined {
  if (roots.length === 0) return leaves.map((match, leaf) => ({ match, leaf, root: undefined }));
  if (leaves.length === 0) return roots.map((match, root) => ({ match, leaf: undefined, root }));
  const merged: MergedMatch[] = [];
  for (const [leaf, leafMatch] of leaves.entries()) {
    const fitting = [...roots.entries()].filter(([, rootMatch]) => isWithin(leafMatch, rootMatch));
    if (fitting.length === 0) return undefined;
    for (const [root, rootMatch] of fitting) merged.push({ match: both(rootMatch, leafMatch), leaf, root });
  }
  return merged;
}

/** Both conditions in one, given that the leaf lies within the root: where both speak, the leaf is the narrower. */
function both(root: HttpMatch, leaf: HttpMatch): HttpMatch {
  const joined: Record<string, unknown> = { ...root, ...leaf };
  for (const field of ['headers', 'withoutHeaders', 'queryParams', 'sourceLabels'] as const) {
    if (root[field] !== undefined || leaf[field] !== undefined) joined[field] = { ...root[field], ...leaf[field] };
  }
  const name = joinedName(root.name, leaf.name);
  if (name !== undefined) joined['name'] = name;
  if ((leaf.gateways?.length ?? 0) === 0 && root.gateways !== undefined) joined['gateways'] = root.gateways;
  if ((leaf.port ?? 0) === 0 && root.port !== undefined) joined['port'] = root.port;
  return joined as HttpMatch;
}

/** `ROOT-LEAF`, or the one that there is. */
export function joinedName(root: string | undefined, leaf: string | undefined): string | undefined {
  const parts = [root, leaf].filter((part) => part !== undefined && part !== '');
  return parts.length === 0 ? undefined : parts.join('-');
}

function isWithin(leaf: HttpMatch, root: HttpMatch): boolean {
  for (const field of ['uri', 'scheme', 'method', 'authority'] as const) {
    if (!isNarrower(leaf[field], root[field])) return false;
  }
  for (const field of ['headers', 'withoutHeaders', 'queryParams'] as const) {
    for (const [key, value] of Object.entries(leaf[field] ?? {})) {
      if (!isNarrower(value, own(root[field], key))) return false;
    }
  }
  for (const [key, value] of Object.entries(leaf.sourceLabels ?? {})) {
    const wanted = own(root.sourceLabels, key);
    if (wanted !== undefined && wanted !== value) return false;
  }
  const sameCase = (root.ignoreUriCase ?? false) === (leaf.ignoreUriCase ?? false);
  const samePort = [root.port ?? 0, leaf.port ?? 0].includes(0) || root.port === leaf.port;
  const sameNamespace =
    [root.sourceNamespace ?? '', leaf.sourceNamespace ?? ''].includes('') ||
    root.sourceNamespace === leaf.sourceNamespace;
  const gateways = root.gateways ?? [];
  const withinGateways = gateways.length === 0 || (leaf.gateways ?? []).every((gateway) => gateways.includes(gateway));
  return sameCase && samePort && sameNamespace && withinGateways;
}

/** Every text that fulfils the leaf fulfils the root, as far as that can be told: of regexes it cannot. */
function isNarrower(leaf: StringMatch | undefined, root: StringMatch | undefined): boolean {
  if (root === undefined || leaf === undefined) return true;
  if (Object.keys(root).length === 0) return true;
  if (leaf.exact !== undefined) {
    if (root.exact !== undefined) return root.exact === leaf.exact;
    return root.prefix !== undefined && leaf.exact.startsWith(root.prefix);
  }
  return leaf.prefix !== undefined && root.prefix !== undefined && leaf.prefix.startsWith(root.prefix);
}

function own<Value>(record: Readonly<Record<string, Value>> | undefined, key: string): Value | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
