import { type Backend, backendOf, type DestinationRuleIndex } from '../destination-rules.ts';
import { alignLists, changedItems } from '../incremental/list-changes.ts';
import { PatchedMap } from '../incremental/patched-map.ts';
import { type Continued, type Memo, sameItems } from '../memo.ts';
import type { DestinationRule } from '../mesh-objects.ts';
import type { MeshService } from '../registry/mesh-service.ts';
import type { MeshSettings } from '../settings.ts';

/** The services as clients of one namespace see them: each with the rules that apply to it there. */
export interface BackendTable {
  backend(host: string): Backend | undefined;
}

/** All of them, ordered by host. */
export interface Backends extends BackendTable {
  readonly all: readonly Backend[];
}

interface BackendState extends Backends {
  /** Of each of `all`. */
  readonly rules: readonly (readonly DestinationRule[])[];
  readonly byHost: PatchedMap<Backend>;
}

type Inputs = readonly [
  services: readonly MeshService[],
  index: DestinationRuleIndex,
  clientNamespace: string,
  settings: MeshSettings,
];

/** The backends of one namespace's clients. */
export function backendsOf(memo: Memo, ...inputs: Inputs): Backends {
  return memo.evolve(indexBackends, ...inputs);
}

/** A stage for `memo.evolve`: of a service that stayed only the rules are looked up again, and only if there are others. */
function indexBackends(
  memo: Memo,
  before: Continued<Inputs, BackendState> | undefined,
  services: readonly MeshService[],
  index: DestinationRuleIndex,
  clientNamespace: string,
  settings: MeshSettings,
): BackendState {
  const [knownServices, knownIndex, knownNamespace, knownSettings] = before?.inputs ?? NOTHING_KNOWN;
  const alike = (namespace: string | undefined): boolean =>
    clientNamespace === namespace ||
    (namespace !== undefined && !index.hasRulesIn(clientNamespace) && !index.hasRulesIn(namespace));
  const sameClient = settings === knownSettings && alike(knownNamespace);
  /** Hosts with other rules than before; undefined if that may be all. */
  const otherRules =
    knownIndex === undefined || !sameClient
      ? undefined
      : index === knownIndex
        ? NO_HOSTS
        : index.differsFrom(knownIndex);
  const positions = alignLists(knownServices, services);
  const rules: (readonly DestinationRule[])[] = [];
  const all: Backend[] = [];
  const changes = new Map<string, Backend | undefined>();
  for (const { host } of changedItems(knownServices, services).removed) changes.set(host, undefined);
  for (let at = 0; at < services.length; at++) {
    const service = services[at] as MeshService;
    const known = positions[at] as number;
    const knownBackend = before?.result.all[known];
    const knownRules = before?.result.rules[known];
    const ofService =
      knownRules !== undefined && otherRules?.has(service.host) === false
        ? knownRules
        : index.rulesFor(service.host, service.namespace, clientNamespace, settings.rootNamespace);
    const same = knownBackend !== undefined && knownRules === ofService;
    const backend = same ? knownBackend : memo.run(backendOf, service, ...ofService);
    rules.push(ofService);
    all.push(backend);
    if (!same) changes.set(service.host, backend);
  }
  // The same table for all namespaces in which it is the same.
  if (before !== undefined && changes.size === 0)
    return sameItems(rules, before.result.rules) ? before.result : { ...before.result, rules };
  const byHost =
    before === undefined ? PatchedMap.of(changes as ReadonlyMap<string, Backend>) : before.result.byHost.with(changes);
  return { rules, all, byHost, backend: (host) => byHost.get(host) };
}

const NO_HOSTS: ReadonlySet<string> = new Set();

const NOTHING_KNOWN: readonly [readonly MeshService[], undefined, undefined, undefined] = [
  [],
  undefined,
  undefined,
  undefined,
];
