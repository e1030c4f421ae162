import { isClaimRoute } from '@heddle/api';
import { selectsLabels } from '@heddle/model';
import { fullGatewayName } from '../hosts/host-name.ts';
import type { HttpMatch } from '../mesh-objects.ts';
import type { RouteSource } from '../virtual-services.ts';

/** What a listener's routes are for. */
export interface ListenerAudience {
  readonly gateway: string;
  readonly port: number;
  /** Undefined if no match asks. */
  readonly source: RouteSource | undefined;
}

/**
 * The conditions of a match that hold for all requests of a listener or for none: its port, gateway and caller. A match that names
 * gateways does not ask who calls (Istio's `sourceMatchHTTP`).
 */
export function concerns(
  match: Pick<HttpMatch, 'port' | 'gateways' | 'sourceLabels' | 'sourceNamespace'> | undefined,
  audience: ListenerAudience,
  namespace: string,
): boolean {
  if (match === undefined) return true;
  if (match.port !== undefined && match.port !== 0 && match.port !== audience.port) return false;
  const gateways = match.gateways ?? [];
  if (gateways.length > 0) return gateways.some((name) => fullGatewayName(name, namespace) === audience.gateway);
  const { source } = audience;
  if (source === undefined) return true;
  const fromNamespace = match.sourceNamespace ?? '';
  return (
    selectsLabels(match.sourceLabels, source.labels) && (fromNamespace === '' || fromNamespace === source.namespace)
  );
}

/** Whether a match concerns every listener, whatever its port, gateway and caller. */
export function concernsAll(match: HttpMatch | undefined): boolean {
  if (match === undefined) return true;
  const { port = 0, gateways = [], sourceLabels = {}, sourceNamespace = '' } = match;
  return port === 0 && gateways.length === 0 && Object.keys(sourceLabels).length === 0 && sourceNamespace === '';
}

/**
 * Whether a match looks at claims of a verified token (`@request.auth.claims…`), which no proxy is told yet. Such a match must match
 * nothing: taken as the header that it is written as, one in `withoutHeaders` would let everybody through.
 */
export function asksForClaims(match: HttpMatch | undefined): boolean {
  return [...Object.keys(match?.headers ?? {}), ...Object.keys(match?.withoutHeaders ?? {})].some(isClaimRoute);
}
