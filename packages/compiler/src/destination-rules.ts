import { type Diagnostic, diagnostic, type FieldPath, formatRef, likelyHost } from '@heddle/model';
import { type ClusterDomain, fullHost, hostIsWithin, isWildcardHost } from './hosts/host-name.ts';
import { type Groups, groupItems, patchGroups } from './incremental/groups.ts';
import { changedItems } from './incremental/list-changes.ts';
import type { Continued, Memo } from './memo.ts';
import {
  ageOf,
  compareAge,
  type DestinationRule,
  namespaceOf,
  refOfObject,
  type Subset,
  type TrafficPolicy,
} from './mesh-objects.ts';
import type { MeshService } from './registry/mesh-service.ts';
import type { ServiceRegistry } from './registry/service-registry.ts';
import type { MeshSettings } from './settings.ts';

/** All DestinationRules, found by the namespace they stand in and the host they speak of. */
export interface DestinationRuleIndex {
  /**
   * The rules that a client in a namespace uses for a host: those of the client's namespace, else of the service's, else of the root
   * namespace; among them those with the narrowest host that contains the service's; the oldest first.
   */
  rulesFor(
    host: string,
    serviceNamespace: string,
    clientNamespace: string,
    rootNamespace: string,
  ): readonly DestinationRule[];
  /** Whether rules stand in a namespace: clients of all others are told the same. */
  hasRulesIn(namespace: string): boolean;
  /** The hosts for which another index may give other rules; undefined where that is not known. */
  differsFrom(other: DestinationRuleIndex): ReadonlySet<string> | undefined;
}

type RuleInputs = readonly [rules: readonly DestinationRule[], domain: ClusterDomain];

interface RuleTables extends DestinationRuleIndex {
  /** By {@link ruleKey}. */
  readonly exact: Groups<DestinationRule>;
  /** By namespace. */
  readonly wildcards: Groups<WildcardRules>;
  readonly byNamespace: Groups<DestinationRule>;
  /** Stands for the tables without keeping them. */
  readonly identity: object;
}

/** What tables were made from, and the hosts whose rules changed since. */
interface RuleChange {
  readonly from: object;
  readonly hosts: ReadonlySet<string>;
}

/** The rules of a namespace for one wildcard host, the oldest first. */
interface WildcardRules {
  readonly namespace: string;
  readonly host: string;
  readonly rules: readonly DestinationRule[];
}

/** A stage for `memo.evolve`. */
export function indexDestinationRules(
  _memo: Memo,
  before: Continued<RuleInputs, RuleTables> | undefined,
  rules: readonly DestinationRule[],
  domain: ClusterDomain,
): RuleTables {
  const hostOf = (rule: DestinationRule): string => fullHost(rule.spec.host, namespaceOf(rule), domain);
  const keysOf = (rule: DestinationRule): readonly string[] => [ruleKey(namespaceOf(rule), hostOf(rule))];
  const wildcard = (rule: DestinationRule): boolean => isWildcardHost(rule.spec.host);
  if (before === undefined || before.inputs[1] !== domain) {
    return ruleTables(
      groupItems(rules, keysOf, compareRuleAge),
      wildcardRules(rules.filter(wildcard), hostOf),
      groupItems(rules, homeOf, compareRuleAge),
      undefined,
    );
  }
  const { removed, added } = changedItems(before.inputs[0], rules);
  const wild = [...removed, ...added].some(wildcard);
  const hosts = new Set([...removed, ...added].map(hostOf));
  return ruleTables(
    patchGroups(before.result.exact, removed, added, keysOf, compareRuleAge),
    wild ? wildcardRules(rules.filter(wildcard), hostOf) : before.result.wildcards,
    patchGroups(before.result.byNamespace, removed, added, homeOf, compareRuleAge),
    wild ? undefined : { from: before.result.identity, hosts },
  );
}

function ruleKey(namespace: string, host: string): string {
  return `${namespace}/${host}`;
}

function compareRuleAge(a: DestinationRule, b: DestinationRule): number {
  return compareAge(ageOf(a), ageOf(b));
}

/** Each namespace's rules for wildcards, the narrowest first. */
function wildcardRules(
  rules: readonly DestinationRule[],
  hostOf: (rule: DestinationRule) => string,
): Groups<WildcardRules> {
  const groups = groupItems(rules, (rule) => [ruleKey(namespaceOf(rule), hostOf(rule))], compareRuleAge);
  const all = [...groups.values()].flatMap((ofHost): readonly WildcardRules[] => {
    const [first] = ofHost;
    return first === undefined ? [] : [{ namespace: namespaceOf(first), host: hostOf(first), rules: ofHost }];
  });
  const narrowestFirst = (a: WildcardRules, b: WildcardRules): number => b.host.length - a.host.length;
  return groupItems(all, ({ namespace }) => [namespace], narrowestFirst);
}

function homeOf(rule: DestinationRule): readonly string[] {
  return [namespaceOf(rule)];
}

function ruleTables(
  exact: Groups<DestinationRule>,
  wildcards: Groups<WildcardRules>,
  byNamespace: Groups<DestinationRule>,
  change: RuleChange | undefined,
): RuleTables {
  return {
    exact,
    wildcards,
    byNamespace,
    identity: {},
    differsFrom: (other) =>
      change !== undefined && (other as RuleTables).identity === change.from ? change.hosts : undefined,
    hasRulesIn: (namespace) => byNamespace.has(namespace),
    rulesFor(host, serviceNamespace, clientNamespace, rootNamespace) {
      const exactly = (namespace: string) => exact.get(ruleKey(namespace, host)) ?? NO_RULES;
      const matching = (namespace: string) => {
        const own = exactly(namespace);
        if (own.length > 0) return own;
        return wildcards.get(namespace)?.find((rule) => hostIsWithin(host, rule.host))?.rules ?? NO_RULES;
      };
      // In the root namespace stand the rules for everybody: to its own clients those that it keeps to itself come first, then those
      // of the service's namespace.
      if (clientNamespace === rootNamespace) {
        const kept = exactly(rootNamespace).filter(isKept);
        if (kept.length > 0) return kept;
        const wild = wildcards
          .get(rootNamespace)
          ?.find((rule) => hostIsWithin(host, rule.host) && rule.rules.some(isKept));
        if (wild !== undefined) return wild.rules.filter(isKept);
      }
      const first = clientNamespace === rootNamespace ? serviceNamespace : clientNamespace;
      for (const namespace of new Set([first, serviceNamespace, rootNamespace])) {
        const found = matching(namespace);
        if (found.length > 0) return found;
      }
      return NO_RULES;
    },
  };
}

const NO_RULES: readonly DestinationRule[] = [];

/** A service with the rules that clients of a view apply to it. */
export interface Backend {
  readonly service: MeshService;
  readonly rules: readonly DestinationRule[];
  readonly policy: PolicySource | undefined;
  readonly subsets: ReadonlyMap<string, BackendSubset>;
  readonly diagnostics: readonly Diagnostic[];
}

/** A traffic policy with the rule it stands in. */
export interface PolicySource {
  readonly policy: TrafficPolicy;
  readonly rule: DestinationRule;
}

export interface BackendSubset {
  readonly subset: Subset;
  readonly rule: DestinationRule;
  /** Position in the rule's `spec.subsets`. */
  readonly index: number;
}

/**
 * Several rules for one host count as one: the policy of the oldest that has one, and the subsets of all, of which the first of a name
 * wins (Istio, "Traffic management best practices", merging).
 */
export function backendOf(_memo: Memo, service: MeshService, ...rules: readonly DestinationRule[]): Backend {
  let policy: PolicySource | undefined;
  const subsets = new Map<string, BackendSubset>();
  const diagnostics: Diagnostic[] = [];
  for (const rule of rules) {
    if (rule.spec.trafficPolicy !== undefined) {
      if (policy === undefined) policy = { policy: rule.spec.trafficPolicy, rule };
      else diagnostics.push(ignoredPolicy(service, rule, policy.rule));
    }
    diagnostics.push(...settingsOfNoPort(service, rule));
    for (const [index, subset] of (rule.spec.subsets ?? []).entries()) {
      const taken = subsets.get(subset.name);
      if (taken === undefined) subsets.set(subset.name, { subset, rule, index });
      else {
        diagnostics.push(
          diagnostic('HED203', {
            resource: refOfObject(rule),
            path: ['spec', 'subsets', index, 'name'],
            message: `subset "${subset.name}" of "${service.host}" is declared by ${formatRef(refOfObject(taken.rule))} already`,
            effect: 'this declaration of the subset is not used',
            fix: 'give the subset another name, or remove one of the two',
          }),
        );
      }
    }
  }
  return { service, rules, policy, subsets, diagnostics };
}

/** A rule that no other namespace sees. */
function isKept(rule: DestinationRule): boolean {
  const { exportTo = [] } = rule.spec;
  return exportTo.length === 1 && (exportTo[0] === '.' || exportTo[0] === namespaceOf(rule));
}

/** HED203: of the policies of several rules for one host, one is obeyed. */
function ignoredPolicy(service: MeshService, rule: DestinationRule, used: DestinationRule): Diagnostic {
  return diagnostic('HED203', {
    resource: refOfObject(rule),
    path: ['spec', 'trafficPolicy'],
    message: `"${service.host}" has the traffic policy of ${formatRef(refOfObject(used))} already`,
    effect: 'this traffic policy is not used',
    fix: 'put all of it into one DestinationRule',
  });
}

/** HED202: settings for a port that the service does not have. A rule with a wildcard speaks of services with different ports. */
function settingsOfNoPort(service: MeshService, rule: DestinationRule): readonly Diagnostic[] {
  if (isWildcardHost(rule.spec.host)) return [];
  const { trafficPolicy, subsets = [] } = rule.spec;
  const policies: readonly (readonly [TrafficPolicy | undefined, FieldPath])[] = [
    [trafficPolicy, ['spec', 'trafficPolicy']],
    ...subsets.map((subset, index) => [subset.trafficPolicy, ['spec', 'subsets', index, 'trafficPolicy']] as const),
  ];
  return policies.flatMap(([policy, path]) =>
    (policy?.portLevelSettings ?? []).flatMap(({ port }, index) => {
      if (port.number === undefined || service.portsByNumber.has(port.number)) return [];
      const known = [...service.portsByNumber.keys()].join(', ');
      return diagnostic('HED202', {
        resource: refOfObject(rule),
        path: [...path, 'portLevelSettings', index, 'port', 'number'],
        message: `"${service.host}" has no port ${port.number}${known === '' ? '' : `, only ${known}`}`,
        effect: 'the settings are not used',
      });
    }),
  );
}

function ruleHost(_memo: Memo, rule: DestinationRule, domain: ClusterDomain): string {
  return fullHost(rule.spec.host, namespaceOf(rule), domain);
}

/** HED201: rules for hosts that are no service's. */
export function checkDestinationRules(
  memo: Memo,
  registry: ServiceRegistry,
  rules: readonly DestinationRule[],
  settings: MeshSettings,
): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const hosts = memo.each(ruleHost, rules, settings.clusterDomain);
  for (let index = 0; index < rules.length; index++) {
    const [rule, host] = [rules[index] as DestinationRule, hosts[index] as string];
    if (registry.byHost.has(host)) continue;
    if (isWildcardHost(host) && registry.services.some((service) => hostIsWithin(service.host, host))) continue;
    const near = likelyHost(host, [...registry.byHost.keys()]);
    diagnostics.push(
      diagnostic('HED201', {
        resource: refOfObject(rule),
        path: ['spec', 'host'],
        message: `no service has the host "${host}"`,
        effect: 'the rule is used by nothing',
        fix: near === undefined ? 'name a Service, or the host of a ServiceEntry' : `did you mean "${near}"?`,
      }),
    );
  }
  return diagnostics;
}
