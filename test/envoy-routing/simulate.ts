import type { RouteConfiguration } from '@heddle/envoy-api/route';
import {
  applyHeaderMutations,
  compileRouteConfiguration,
  type FormatContext,
  firstHeader,
  matchRoute,
  normalizePath,
  type PathNormalization,
  pickCluster,
  type RawHeaders,
  type RequestView,
  type RouteTable,
  requestView,
  tlsRedirectLocation,
} from '@heddle/routing';

/** What a proxy does with a request, as far as routing decides it. */
export interface Outcome {
  readonly status: number;
  readonly location?: string | undefined;
  readonly route?: string | undefined;
  /** What the backend gets; only headers whose names begin with `x-t`. */
  readonly upstream?: { readonly path: string; readonly authority: string; readonly headers: readonly string[] };
}

/** A request of a differential test: raw headers without host, names lower-case. */
export interface TestRequest {
  readonly method?: string;
  readonly authority: string;
  readonly path: string;
  readonly headers?: readonly string[];
}

/** Runs requests through `@heddle/routing` alone. */
export function createSimulation(
  configuration: RouteConfiguration,
  normalization: PathNormalization,
): (request: TestRequest) => Outcome {
  const table = compileRouteConfiguration(configuration);
  return (request) => simulate(table, normalization, request);
}

function simulate(table: RouteTable, normalization: PathNormalization, request: TestRequest): Outcome {
  const normalized = normalizePath(request.path, normalization);
  if (normalized.action === 'reject') return { status: 400 };
  if (normalized.action === 'redirect') return { status: 307, location: normalized.path };
  const headers: RawHeaders = (request.headers ?? []).map((text) => text.trim());
  const view = viewOf(request, normalized.path, headers);
  const match = matchRoute(table, view, 0);
  if (match === undefined) return { status: 404 };
  const { route } = match;
  const context: FormatContext = {
    requestHeader: (name) =>
      name === ':path' ? view.path : name === ':authority' ? view.authority : firstHeader(headers, name),
    value: (command) => (command === 'ROUTE_NAME' ? route.config.name : undefined),
  };
  const { action } = route;
  if (action.kind === 'tls-redirect') return { status: 301, location: tlsRedirectLocation(view) };
  const name = { route: route.config.name };
  if (action.kind === 'redirect') return { status: action.status, location: action.location(view), ...name };
  if (action.kind === 'direct-response') return { status: action.status, ...name };
  if (action.kind !== 'forward') return { status: 500 };
  const picked = pickCluster(action, 0, view);
  const { leg } = picked;
  if (picked.name !== 'echo' && picked.name !== 'other') return { status: action.clusterNotFoundStatus, ...name };
  if (leg?.requestMutations !== undefined) applyHeaderMutations(headers, leg.requestMutations, context, 'request');
  for (const mutations of route.requestMutations) applyHeaderMutations(headers, mutations, context, 'request');
  const authority =
    action.rewriteAuthority?.(viewOf(request, view.path, headers)) ?? (leg?.hostRewrite || view.authority);
  return {
    status: 200,
    ...name,
    upstream: { path: action.rewritePath?.(view.path) ?? view.path, authority, headers: testHeaders(headers) },
  };
}

/** The headers a test looks at, sorted by name; values of one name keep their order. */
export function testHeaders(headers: readonly string[]): string[] {
  const lines: [string, string][] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase();
    if (name.startsWith('x-t') || name === 'user-agent') lines.push([name, (headers[i + 1] ?? '').trim()]);
  }
  return lines.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([name, value]) => `${name}: ${value}`);
}

function viewOf(request: TestRequest, path: string, headers: readonly string[]): RequestView {
  const method = request.method ?? 'GET';
  const { authority } = request;
  return requestView({ method, scheme: 'http', authority, path, headers: [...headers, 'x-forwarded-proto', 'http'] });
}
