import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import {
  type Route,
  type RouteAction,
  type RouteActionSchema,
  RouteSchema,
  VirtualHostSchema,
} from '@heddle/envoy-api/route';
import { type Diagnostic, diagnostic, type FieldPath, type Origin, type ResourceRef, refKey } from '@heddle/model';
import { cannotDo, isMissing, type ProxyFeature } from '../capabilities.ts';
import { configMetadata } from '../config-metadata.ts';
import { delegationDiagnostics, originIn } from '../delegates/delegation.ts';
import type { Backend } from '../destination-rules.ts';
import { encodeField } from '../encoding.ts';
import { fullHost } from '../hosts/host-name.ts';
import { CORS_FILTER, compileCors } from '../http-filters/cors.ts';
import { compileFault, FAULT_FILTER, idleFaults } from '../http-filters/fault.ts';
import type { Memo } from '../memo.ts';
import {
  type HttpMatch,
  type HttpRoute,
  nameOf,
  namespaceOf,
  refOfObject,
  type VirtualService,
} from '../mesh-objects.ts';
import type { MeshSettings } from '../settings.ts';
import type { RouteSource } from '../virtual-services.ts';
import { type DestinationProblem, type ResolvedDestination, resolveDestination } from './destination.ts';
import { compileDirectResponse, hasForbiddenBody } from './direct-response.ts';
import { choosesByHash, hashPoliciesFor } from './hash-policy.ts';
import { compileHeaders } from './header-operations.ts';
import { asksForClaims, concerns, concernsAll, type ListenerAudience } from './listener-audience.ts';
import { mirrorPolicy, mirrorsOf } from './mirrors.ts';
import { compileRedirect } from './redirect.ts';
import { compileRetries } from './retry-policy.ts';
import type { ClusterUse, EncodedRoute, RouteList } from './route-list.ts';
import { type CompiledMatch, compileMatch } from './route-match.ts';
import { timeLimits } from './time-limits.ts';

/** Envoy adds weights up in 32 bits. */
const MAX_TOTAL_WEIGHT = 0xffff_ffff;

/** The hosts that a VirtualService's HTTP routes and mirrors lead to, in full, each once. */
export function destinationHosts(
  _memo: Memo,
  virtualService: VirtualService,
  settings: MeshSettings,
): readonly string[] {
  const hosts = new Set<string>();
  for (const route of virtualService.spec.http ?? []) {
    const destinations = [...(route.route ?? []), ...mirrorsOf(route)].map((leg) => leg.destination);
    for (const { host } of destinations) {
      hosts.add(fullHost(host, namespaceOf(virtualService), settings.clusterDomain));
    }
  }
  return [...hosts];
}

/**
 * The HTTP routes of a VirtualService for one listener: each match a route, in order, up to the first that every request matches.
 * `gateway` is the Gateway (`namespace/name`) that they are for, or `mesh`; `source` is who calls (`sourceInput`); `missing`
 * what the proxy cannot do (`missingFeatures`); `backends` are the services behind {@link destinationHosts}, in that order.
 */
export function virtualServiceRoutes(
  memo: Memo,
  virtualService: VirtualService,
  gateway: string,
  port: number,
  source: string,
  missing: string,
  settings: MeshSettings,
  ...backends: readonly (Backend | undefined)[]
): RouteList {
  const hosts = memo.run(destinationHosts, virtualService, settings);
  const backendByHost = new Map(hosts.map((host, index) => [host, backends[index]]));
  const list = new RouteListBuilder(virtualService, port, missing, settings, backendByHost);
  const audience: ListenerAudience = {
    gateway,
    port,
    source: source === '' ? undefined : (JSON.parse(source) as RouteSource),
  };
  const rules = virtualService.spec.http ?? [];
  let closed = false;
  // What a match for some listeners hides there is there for the others.
  let closedForAll = false;
  for (const [index, rule] of rules.entries()) {
    if (closed) {
      if (!closedForAll) break;
      list.report('HED205', ['spec', 'http', index], {
        message: `rule ${describeRule(rule, index)} stands after a rule that matches every request`,
        effect: 'it is never reached',
        fix: 'move it before the rule that matches everything',
      });
      continue;
    }
    const matches: readonly (HttpMatch | undefined)[] =
      (rule.match?.length ?? 0) === 0 ? [undefined] : (rule.match ?? []);
    for (const [position, match] of matches.entries()) {
      if (!concerns(match, audience, namespaceOf(virtualService))) continue;
      // As if no token ever had the claim, or each had the unwanted one: what cannot be checked lets nothing through.
      if (asksForClaims(match)) continue;
      const compiled = compileMatch(match);
      const matchPath: FieldPath =
        match === undefined ? ['spec', 'http', index] : ['spec', 'http', index, 'match', position];
      list.add(rule, index, match, compiled, matchPath);
      closed = compiled.catchAll;
      closedForAll = closed && concernsAll(match);
      if (closed) break;
    }
  }
  return list.build();
}

/** Fields of a rule that mean nothing for requests that are answered without a destination. */
const FORWARDING_FIELDS: readonly (readonly [keyof HttpRoute] | readonly [keyof HttpRoute, string])[] = [
  ['timeout'],
  ['retries'],
  ['mirror'],
  ['mirrors'],
  ['corsPolicy'],
  ['headers', 'request'],
];

type RouteFields = Exclude<MessageInitShape<typeof RouteSchema>, Route>;
type RouteActionFields = Exclude<MessageInitShape<typeof RouteActionSchema>, RouteAction>;

class RouteListBuilder {
  readonly #virtualService: VirtualService;
  readonly #resource: ResourceRef;
  readonly #port: number;
  readonly #missing: string;
  readonly #settings: MeshSettings;
  readonly #backends: ReadonlyMap<string, Backend | undefined>;
  readonly #metadata: ReturnType<typeof configMetadata>;
  readonly #routes: EncodedRoute[] = [];
  readonly #clusters = new Map<string, ClusterUse>();
  readonly #diagnostics: Diagnostic[] = [];
  readonly #problems = new Map<string, DestinationProblem>();

  constructor(
    virtualService: VirtualService,
    port: number,
    missing: string,
    settings: MeshSettings,
    backends: ReadonlyMap<string, Backend | undefined>,
  ) {
    this.#virtualService = virtualService;
    this.#resource = refOfObject(virtualService);
    this.#port = port;
    this.#missing = missing;
    this.#settings = settings;
    this.#backends = backends;
    this.#metadata = configMetadata(this.#resource);
    this.#diagnostics.push(...delegationDiagnostics(virtualService));
  }

  report(code: Diagnostic['code'], path: FieldPath, details: { message: string; effect?: string; fix?: string }): void {
    this.#diagnostics.push(diagnostic(code, { ...this.#origin(path), ...details }));
  }

  add(
    rule: HttpRoute,
    index: number,
    match: HttpMatch | undefined,
    compiled: CompiledMatch,
    matchPath: FieldPath,
  ): void {
    const path: FieldPath = ['spec', 'http', index];
    const origins: (readonly [string, Origin])[] = [['', this.#origin(matchPath)]];
    const headers = compileHeaders(rule.headers);
    const action = this.#action(rule, path, headers, origins);
    if (action === undefined) return;
    const { authority: _authority, ...headerFields } = headers;
    const name = `${rule.name ?? ''}${match?.name === undefined || match.name === '' ? '' : `.${match.name}`}`;
    const target = action.operation ?? `${nameOf(this.#virtualService)}:${this.#port}`;
    const route = create(RouteSchema, {
      name,
      match: compiled.match,
      action: action.action,
      metadata: this.#metadata,
      decorator: { operation: `${target}${compiled.pathLabel}` },
      statPrefix: this.#statPrefix(match, matchPath),
      typedPerFilterConfig: this.#filterConfigs(rule, path, origins),
      ...headerFields,
    });
    const bytes = encodeField(VirtualHostSchema, 'routes', toBinary(RouteSchema, route));
    const written = { virtualService: this.#virtualService, rule, match, path, matchPath };
    this.#routes.push({ bytes, catchAll: compiled.catchAll, origins, written });
  }

  build(): RouteList {
    return {
      resource: this.#resource,
      routes: this.#routes,
      clusters: [...this.#clusters.values()],
      diagnostics: this.#diagnostics,
      problems: [...this.#problems.values()],
    };
  }

  #origin(path: FieldPath): Origin {
    return originIn(this.#virtualService, path);
  }

  /** What a rule does with a request; header operations of a single leg are added to the rule's own. */
  #action(
    rule: HttpRoute,
    path: FieldPath,
    headers: ReturnType<typeof compileHeaders>,
    origins: (readonly [string, Origin])[],
  ): { readonly action: NonNullable<RouteFields['action']>; readonly operation?: string } | undefined {
    if (rule.redirect !== undefined) {
      origins.push(['redirect', this.#origin([...path, 'redirect'])]);
      this.#reportForwardingFields(rule, path, 'redirect');
      return { action: { case: 'redirect', value: compileRedirect(rule.redirect, this.#port) } };
    }
    if (rule.directResponse !== undefined) {
      origins.push(['directResponse', this.#origin([...path, 'directResponse'])]);
      this.#reportForwardingFields(rule, path, 'directResponse');
      if (hasForbiddenBody(rule.directResponse)) {
        this.report('HED301', [...path, 'directResponse', 'body'], {
          message: `an answer of status ${rule.directResponse.status} has no body in HTTP`,
          effect: 'the body is left out',
        });
      }
      return { action: { case: 'directResponse', value: compileDirectResponse(rule.directResponse) } };
    }
    const legs = rule.route ?? [];
    // A rule that delegates to nobody has no legs of its own: the request goes on to the next rule.
    if (legs.length === 0) return undefined;
    const limit = this.#settings.limits.maxDestinationsPerRoute;
    if (legs.length > limit) {
      this.report('HED207', [...path, 'route'], {
        message: `${legs.length} destinations, at most ${limit} are accepted`,
        effect: 'the rule is left out',
      });
      return undefined;
    }
    origins.push(['route', this.#origin([...path, 'route'])]);
    const rewritten = rule.rewrite?.authority;
    let authority = rewritten === undefined || rewritten === '' ? headers.authority : rewritten;
    let clusterSpecifier: RouteActionFields['clusterSpecifier'];
    let operation: string | undefined;
    const hashPolicy: NonNullable<RouteActionFields['hashPolicy']> = [];
    let byHash = false;

    const [only] = legs;
    if (legs.length === 1 && only !== undefined) {
      const legPath: FieldPath = [...path, 'route', 0];
      const destination = this.#destination(only.destination, [...legPath, 'destination']);
      const legHeaders = compileHeaders(only.headers);
      headers.requestHeadersToAdd.push(...legHeaders.requestHeadersToAdd);
      headers.requestHeadersToRemove.push(...legHeaders.requestHeadersToRemove);
      headers.responseHeadersToAdd.push(...legHeaders.responseHeadersToAdd);
      headers.responseHeadersToRemove.push(...legHeaders.responseHeadersToRemove);
      authority ??= legHeaders.authority;
      clusterSpecifier = { case: 'cluster', value: destination.cluster };
      const backend = this.#backends.get(destination.host);
      hashPolicy.push(...hashPoliciesFor(backend, destination.port, destination.subset));
      byHash = choosesByHash(backend, destination.port, destination.subset);
      operation = `${destination.host}:${destination.port}`;
      origins.push(['route.cluster', this.#origin([...legPath, 'destination'])]);
    } else {
      const clusters = [];
      for (const [index, leg] of legs.entries()) {
        // A leg without weight gets nothing as long as others have some.
        const weight = leg.weight ?? 0;
        if (weight === 0) continue;
        const legPath: FieldPath = [...path, 'route', index];
        const destination = this.#destination(leg.destination, [...legPath, 'destination']);
        const { authority: legAuthority, ...legHeaders } = compileHeaders(leg.headers);
        const backend = this.#backends.get(destination.host);
        hashPolicy.push(...hashPoliciesFor(backend, destination.port, destination.subset));
        origins.push([`route.weightedClusters.clusters[${clusters.length}]`, this.#origin(legPath)]);
        clusters.push({
          name: destination.cluster,
          weight,
          ...legHeaders,
          ...(legAuthority === undefined
            ? {}
            : { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: legAuthority } as const }),
        });
      }
      const total = clusters.reduce((sum, { weight }) => sum + weight, 0);
      if (total > MAX_TOTAL_WEIGHT) {
        this.report('HED207', [...path, 'route'], {
          message: `the weights add up to ${total}, at most ${MAX_TOTAL_WEIGHT} is accepted`,
          effect: 'the rule is left out',
        });
        return undefined;
      }
      if (clusters.length === 0) {
        this.report('HED104', [...path, 'route'], {
          message: `the weights of ${legs.length} destinations add up to 0, wanted more`,
          effect: 'the rule is left out',
        });
        return undefined;
      }
      clusterSpecifier = { case: 'weightedClusters', value: { clusters } };
    }
    const action: RouteActionFields = {
      clusterSpecifier,
      ...pathRewrite(rule),
      requestMirrorPolicies: this.#mirrors(rule, path, origins),
      ...(authority === undefined ? {} : { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: authority } }),
      hashPolicy,
      ...timeLimits(rule.timeout),
      ...retries(rule.retries, this.#settings, byHash),
    };
    return { action: { case: 'route', value: action }, ...(operation === undefined ? {} : { operation }) };
  }

  /** What a rule says of requests that are sent on, though it answers them itself. */
  #reportForwardingFields(rule: HttpRoute, path: FieldPath, action: 'redirect' | 'directResponse'): void {
    const { resource } = this.#origin(path);
    for (const field of FORWARDING_FIELDS) {
      const [name, inner] = field;
      const value = rule[name] as Readonly<Record<string, unknown>> | undefined;
      const isSet = inner === undefined ? value !== undefined : value?.[inner] !== undefined;
      // What a delegate inherits is for those of its rules that send requests on.
      if (!isSet || refKey(this.#origin([...path, ...field]).resource) !== refKey(resource)) continue;
      this.report('HED215', [...path, ...field], {
        message: `${field.join('.')} concerns requests that are sent on, and ${action} answers them`,
        effect: 'it has no effect',
        fix: `remove it, or route instead of ${action}`,
      });
    }
  }

  #statPrefix(match: HttpMatch | undefined, matchPath: FieldPath): string {
    const prefix = match?.statPrefix ?? '';
    const path: FieldPath = [...matchPath, 'statPrefix'];
    return prefix !== '' && this.#can('heddle.http.route-stats', path, 'its requests are not counted apart')
      ? prefix
      : '';
  }

  /** What the filters of the route do besides: faults, CORS. */
  #filterConfigs(rule: HttpRoute, path: FieldPath, origins: (readonly [string, Origin])[]): Record<string, Any> {
    const configs: Record<string, Any> = {};
    const add = (filter: string, field: 'corsPolicy' | 'fault', config: Any | undefined): void => {
      if (config === undefined) return;
      configs[filter] = config;
      origins.push([`typedPerFilterConfig["${filter}"]`, this.#origin([...path, field])]);
    };
    const { fault, corsPolicy } = rule;
    if (fault !== undefined && this.#can('heddle.http.fault', [...path, 'fault'], 'no faults are injected')) {
      for (const { path: within, lacks } of idleFaults(fault)) {
        this.report('HED212', [...path, 'fault', ...within], {
          message: `it has no ${lacks}`,
          effect: 'it strikes no request',
          fix: `set ${lacks}`,
        });
      }
      add(FAULT_FILTER, 'fault', compileFault(fault));
    }
    if (corsPolicy !== undefined && this.#can('heddle.http.cors', [...path, 'corsPolicy'], 'it is not obeyed')) {
      add(CORS_FILTER, 'corsPolicy', compileCors(corsPolicy));
    }
    return configs;
  }

  #mirrors(
    rule: HttpRoute,
    path: FieldPath,
    origins: (readonly [string, Origin])[],
  ): NonNullable<RouteActionFields['requestMirrorPolicies']> {
    const mirrors = mirrorsOf(rule);
    const [first] = mirrors;
    if (first === undefined) return [];
    if (!this.#can('heddle.http.mirror', [...path, ...first.path.slice(0, 1)], 'requests are not mirrored')) return [];
    return mirrors.map(({ destination, percent, path: within }, index) => {
      const { cluster } = this.#destination(destination, [...path, ...within]);
      origins.push([`route.requestMirrorPolicies[${index}]`, this.#origin([...path, ...within])]);
      return mirrorPolicy(cluster, percent);
    });
  }

  /** Whether the proxy has a feature; if not, that is reported. */
  #can(feature: ProxyFeature, path: FieldPath, effect: string): boolean {
    if (!isMissing(this.#missing, feature)) return true;
    const at = this.#origin(path);
    this.#diagnostics.push(cannotDo(feature, at.resource, at.path, effect));
    return false;
  }

  #destination(
    destination: { readonly host: string; readonly subset?: string; readonly port?: { readonly number: number } },
    path: FieldPath,
  ): ResolvedDestination {
    const host = fullHost(destination.host, namespaceOf(this.#virtualService), this.#settings.clusterDomain);
    const backend = this.#backends.get(host);
    const resolved = resolveDestination(host, destination.subset, destination.port?.number, backend, this.#port);
    if (resolved.missing !== undefined) {
      const { missing } = resolved;
      const portWritten = destination.port !== undefined;
      const problem = { ...resolved, missing, portWritten, ...this.#origin(path), backend };
      this.#problems.set(JSON.stringify(path), problem);
    } else if (backend !== undefined) {
      const { port, subset } = resolved;
      this.#clusters.set(resolved.cluster, { name: resolved.cluster, backend, port, subset });
    }
    return resolved;
  }
}

/** What every forwarding route has that no rule speaks for: no time limit, and retries of requests that reached nobody. */
export function forwardingDefaults(settings: MeshSettings, byHash: boolean): RouteActionFields {
  return { ...timeLimits(undefined), ...retries(undefined, settings, byHash) };
}

function retries(written: HttpRoute['retries'], settings: MeshSettings, byHash: boolean): RouteActionFields {
  const retryPolicy = compileRetries(written, settings, byHash);
  return retryPolicy === undefined ? {} : { retryPolicy };
}

/** The new path: in place of what matched, or by an expression in which `\\1` is the first group (RE2). */
function pathRewrite({ rewrite }: HttpRoute): RouteActionFields {
  const regex = rewrite?.uriRegexRewrite;
  if (regex === undefined) return { prefixRewrite: rewrite?.uri ?? '' };
  return { regexRewrite: { pattern: { regex: regex.match }, substitution: regex.rewrite } };
}

function describeRule(rule: HttpRoute, index: number): string {
  return rule.name === undefined || rule.name === '' ? `${index + 1}` : `"${rule.name}"`;
}
