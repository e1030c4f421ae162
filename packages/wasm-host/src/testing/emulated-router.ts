import { encodeText } from '../guest-memory.ts';
import { HeaderList, type HeaderMap } from '../header-map.ts';
import type { EmulatedMessage } from './emulated-stream.ts';

/** An answer of the proxy's own. */
export interface Refusal {
  readonly message: EmulatedMessage;
  /** Envoy's `%RESPONSE_CODE_DETAILS%`. */
  readonly details: string;
}

/**
 * What Envoy answers for its upstream to a request of which a filter has taken away what none can be without: no route fits one without a
 * path, and the router refuses one without a method. Undefined for all others.
 */
export function refuseRequest(headers: HeaderMap): Refusal | undefined {
  if (headers.get(':path') === undefined) return refusal(404, '', 'route_not_found');
  if (headers.get(':method') !== undefined) return undefined;
  return missing(503, ':method', 'filter_removed_required_request_headers');
}

/** The same for a response that has lost its status. */
export function refuseResponse(headers: HeaderMap): Refusal | undefined {
  if (headers.get(':status') !== undefined) return undefined;
  return missing(502, ':status', 'filter_removed_required_response_headers');
}

/** Sets again the scheme that a filter has taken away, as Envoy does for the upstream. */
export function restoreScheme(headers: HeaderMap): void {
  if (headers.get(':scheme') === undefined) headers.add(':scheme', headers.get('x-forwarded-proto') ?? 'http');
}

function missing(status: number, header: string, details: string): Refusal {
  return refusal(status, `missing required header: ${header}`, `${details}{missing_required_header:_${header}}`);
}

function refusal(status: number, text: string, details: string): Refusal {
  const headers = new HeaderList([[':status', String(status)]]);
  if (text !== '') {
    headers.add('content-length', String(text.length));
    headers.add('content-type', 'text/plain');
  }
  return { message: { headers, body: text === '' ? [] : [encodeText(text)], trailers: undefined }, details };
}
