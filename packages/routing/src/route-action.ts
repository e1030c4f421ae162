import { create } from '@bufbuild/protobuf';
import {
  type DirectResponseAction,
  RedirectActionSchema,
  type Route,
  type RouteAction,
  type RouteMatch,
  type WeightedCluster,
  type WeightedCluster_ClusterWeight,
} from '@heddle/envoy-api/route';
import { asciiLower } from './ascii.ts';
import { byteString } from './byte-string.ts';
import { compileHeaderMutations, type HeaderMutations } from './header-mutation.ts';
import { bareOf } from './path-matcher.ts';
import { compilePathRewrite, type PathRewrite } from './path-rewrite.ts';
import { compileRedirect, type Redirect } from './redirect.ts';
import { compileRegex } from './regex.ts';
import type { RequestView } from './request-view.ts';
import { RoutingError } from './routing-error.ts';

/** What a matched route does with the request. */
export type CompiledAction =
  | ForwardAction
  | ({ readonly kind: 'redirect' } & Redirect)
  /** Answer 301 with `tlsRedirectLocation(request)`: the virtual host requires TLS. */
  | { readonly kind: 'tls-redirect' }
  | DirectResponse
  /** The route is there for its filters alone; a request must not get here. */
  | { readonly kind: 'non-forwarding' };

/** Answer without an endpoint. */
export interface DirectResponse {
  readonly kind: 'direct-response';
  readonly status: number;
  readonly body: Uint8Array;
  /** The value of the Location header; undefined for a status other than 201 and 3xx. */
  readonly location?: (request: RequestView) => string;
}

/** Forward to a cluster. */
export interface ForwardAction {
  readonly kind: 'forward';
  /** Everything the router reads itself: time limits, retries, mirrors, hash policy, `append_x_forwarded_host` … */
  readonly config: RouteAction;
  readonly target: ForwardTarget;
  /** Path rewrite, undefined when the route has none. */
  readonly rewritePath?: PathRewrite;
  /** The authority the upstream sees, undefined when it stays; the route's own wins over that of a weighted cluster. */
  readonly rewriteAuthority?: (request: RequestView) => string | undefined;
  /** The authority becomes the host name of the chosen endpoint (`auto_host_rewrite`). */
  readonly autoHostRewrite: boolean;
  /** Status when the cluster does not exist: 503, 404 or 500. */
  readonly clusterNotFoundStatus: number;
}

/** How the cluster is chosen. */
export type ForwardTarget =
  | { readonly kind: 'cluster'; readonly name: string }
  | { readonly kind: 'header'; readonly header: string }
  | {
      readonly kind: 'weighted';
      readonly totalWeight: number;
      readonly legs: readonly WeightedLeg[];
      readonly randomHeader?: string;
    };

/** One cluster of a weighted choice, with what is done to requests that go there. */
export interface WeightedLeg {
  readonly config: WeightedCluster_ClusterWeight;
  readonly weight: number;
  readonly name: string;
  readonly clusterHeader?: string;
  readonly requestMutations?: HeaderMutations;
  readonly responseMutations?: HeaderMutations;
  /** Authority for this cluster; empty for none. */
  readonly hostRewrite: string;
}

const CLUSTER_NOT_FOUND_STATUS = [503, 404, 500];
const MAX_TOTAL_WEIGHT = 2 ** 32 - 1;
const MAX_DIRECT_RESPONSE_BYTES = 4096;

/** Compiles what a route does. */
export function compileAction(route: Route, match: RouteMatch, maxDirectResponseBytes?: number): CompiledAction {
  const { action } = route;
  switch (action.case) {
    case 'route':
      return RoutingError.at('route', () => compileForward(match, action.value));
    case 'redirect':
      return RoutingError.at('redirect', () => ({ kind: 'redirect', ...compileRedirect(match, action.value) }));
    case 'directResponse':
      return RoutingError.at('directResponse', () =>
        compileDirectResponse(match, action.value, maxDirectResponseBytes ?? MAX_DIRECT_RESPONSE_BYTES),
      );
    case 'nonForwardingAction':
      return { kind: 'non-forwarding' };
    case 'filterAction':
      throw new RoutingError('unsupported', 'filter_action is not supported');
    default:
      throw new RoutingError('invalid-route', 'route has no action');
  }
}

function compileForward(match: RouteMatch, action: RouteAction): ForwardAction {
  const rewritePath = compilePathRewrite(match, action);
  const rewriteAuthority = compileAuthorityRewrite(action);
  const specifier = action.hostRewriteSpecifier;
  return {
    kind: 'forward',
    config: action,
    target: compileTarget(action),
    ...(rewritePath === undefined ? {} : { rewritePath }),
    ...(rewriteAuthority === undefined ? {} : { rewriteAuthority }),
    autoHostRewrite: specifier.case === 'autoHostRewrite' && specifier.value.value,
    clusterNotFoundStatus: CLUSTER_NOT_FOUND_STATUS[action.clusterNotFoundResponseCode] ?? 503,
  };
}

function compileTarget(action: RouteAction): ForwardTarget {
  const { clusterSpecifier: specifier } = action;
  switch (specifier.case) {
    case 'cluster':
      return { kind: 'cluster', name: specifier.value };
    case 'clusterHeader':
      return { kind: 'header', header: asciiLower(specifier.value) };
    case 'weightedClusters':
      return RoutingError.at('weightedClusters', () => compileWeighted(specifier.value));
    case undefined:
      throw new RoutingError('invalid-route', 'route action names no cluster');
    default:
      throw new RoutingError('unsupported', 'cluster specifier plugins are not supported');
  }
}

function compileWeighted(weighted: WeightedCluster): ForwardTarget {
  if (weighted.randomValueSpecifier.case === 'useHashPolicy' && weighted.randomValueSpecifier.value.value) {
    throw new RoutingError('unsupported', 'use_hash_policy is not supported');
  }
  const legs = weighted.clusters.map(
    (config, index): WeightedLeg =>
      RoutingError.at(`clusters[${index}]`, () => {
        const request = compileHeaderMutations(config.requestHeadersToAdd, config.requestHeadersToRemove);
        const response = compileHeaderMutations(config.responseHeadersToAdd, config.responseHeadersToRemove);
        if (config.name === '' && config.clusterHeader === '') {
          throw new RoutingError('invalid-route', 'weighted cluster has neither name nor cluster_header');
        }
        return {
          config,
          weight: config.weight ?? 0,
          name: config.name,
          ...(config.clusterHeader === '' ? {} : { clusterHeader: asciiLower(config.clusterHeader) }),
          ...(request === undefined ? {} : { requestMutations: request }),
          ...(response === undefined ? {} : { responseMutations: response }),
          hostRewrite: byteString(config.hostRewriteSpecifier.value ?? ''),
        };
      }),
  );
  const totalWeight = legs.reduce((sum, { weight }) => sum + weight, 0);
  if (totalWeight === 0 || totalWeight > MAX_TOTAL_WEIGHT) {
    throw new RoutingError('invalid-route', `weights add up to ${totalWeight}, wanted 1 to ${MAX_TOTAL_WEIGHT}`);
  }
  const { randomValueSpecifier: random } = weighted;
  return {
    kind: 'weighted',
    totalWeight,
    legs,
    ...(random.case === 'headerName' && random.value !== '' ? { randomHeader: asciiLower(random.value) } : {}),
  };
}

function compileAuthorityRewrite(action: RouteAction): ForwardAction['rewriteAuthority'] {
  const { hostRewriteSpecifier: specifier } = action;
  switch (specifier.case) {
    case 'hostRewriteLiteral': {
      const authority = byteString(specifier.value);
      return authority === '' ? undefined : () => authority;
    }
    case 'hostRewriteHeader': {
      const name = asciiLower(specifier.value);
      // Only the first value counts; a comma inside a value would be cut too, and is no host anyway.
      return (request) => request.header(name)?.split(',', 1)[0] || undefined;
    }
    case 'hostRewritePathRegex': {
      const regex = RoutingError.at('hostRewritePathRegex', () => compileRegex(specifier.value.pattern?.regex ?? ''));
      const { substitution } = specifier.value;
      return (request) => regex.replaceAll(bareOf(request.path), substitution);
    }
    case 'hostRewrite':
      throw new RoutingError('unsupported', 'host_rewrite is not supported');
    default:
      return undefined;
  }
}

function compileDirectResponse(match: RouteMatch, action: DirectResponseAction, maxBytes: number): DirectResponse {
  const { status, body, bodyFormat } = action;
  if (status < 200 || status > 599) {
    throw new RoutingError('invalid-route', `direct response has status ${status}, wanted 200 to 599`);
  }
  if (bodyFormat !== undefined) throw new RoutingError('unsupported', 'body_format is not supported');
  const bytes = bodyBytes(body?.specifier);
  if (bytes.length > maxBytes) {
    throw new RoutingError(
      'invalid-route',
      `direct response body has ${bytes.length} bytes, wanted at most ${maxBytes}`,
    );
  }
  const response: DirectResponse = { kind: 'direct-response', status, body: bytes };
  if (status !== 201 && (status < 300 || status > 399)) return response;
  // Envoy names the request's own URL, as a redirect does that changes nothing.
  return { ...response, location: compileRedirect(match, create(RedirectActionSchema)).location };
}

function bodyBytes(specifier: NonNullable<DirectResponseAction['body']>['specifier'] | undefined): Uint8Array {
  switch (specifier?.case) {
    case 'inlineBytes':
      return specifier.value;
    case 'inlineString':
      return new TextEncoder().encode(specifier.value);
    case undefined:
      return new Uint8Array();
    default:
      throw new RoutingError('unsupported', `direct response body from ${specifier?.case} is not supported`);
  }
}
