import { isJoinedHeader, joinValues } from '@heddle/routing';
import type { ConnectionManagerSettings } from './connection-manager-settings.ts';
import { dateHeader } from './date-header.ts';
import type { Exchange } from './exchange.ts';
import { type HeaderList, headerValue, joinedHeaderValue, removeHeader, setHeader } from './header-list.ts';

/** Makes one value of repeated fields that Envoy's header map joins by commas. */
export function joinRepeatedFields(headers: HeaderList): void {
  for (let i = 2; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const first = headers.indexOf(name);
    // A value can equal a name; only even places are names.
    if (first >= i || first % 2 === 1 || !isJoinedHeader('response', name)) continue;
    headers[first + 1] = joinValues(headers[first + 1] as string, headers[i + 1] as string);
    headers.splice(i, 2);
    i -= 2;
  }
}

/** Takes out what belongs to the hop between gateway and endpoint. `upgraded` keeps what a 101 must say. */
export function removeUpstreamHopHeaders(headers: HeaderList, upgraded: boolean): HeaderList {
  let kept = 0;
  for (let i = 0; i < headers.length; i += 2) {
    switch (headers[i] as string) {
      case 'connection':
      case 'upgrade':
        if (!upgraded) continue;
        break;
      case 'keep-alive':
      case 'proxy-connection':
      case 'transfer-encoding':
        continue;
    }
    if (kept !== i) {
      headers[kept] = headers[i] as string;
      headers[kept + 1] = headers[i + 1] as string;
    }
    kept += 2;
  }
  headers.length = kept;
  return headers;
}

/** The last edits before a response head is written: `server`, `date`, `via`, `x-request-id`. */
export function prepareResponseHeaders(exchange: Exchange, settings: ConnectionManagerSettings): void {
  const headers = exchange.responseHeaders;
  let hasDate = false;
  let hasServer = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i];
    if (name === 'date') hasDate = true;
    else if (name === 'server') {
      hasServer = true;
      if (settings.serverHeader === 'overwrite') headers[i + 1] = settings.serverName;
    }
  }
  if (!hasDate) headers.push('date', dateHeader(Date.now()));
  if (!hasServer && settings.serverHeader !== 'pass-through') headers.push('server', settings.serverName);
  if (settings.via !== '') {
    const present = joinedHeaderValue(headers, 'via');
    setHeader(headers, 'via', present === undefined ? settings.via : `${present},${settings.via}`);
  }
  if (exchange.requestId !== undefined) {
    if (
      settings.alwaysSetRequestIdInResponse ||
      headerValue(exchange.requestHeaders, 'x-envoy-force-trace') !== undefined
    ) {
      setHeader(headers, 'x-request-id', exchange.requestId);
    }
  }
  if (exchange.responseStatus === 204 || (exchange.responseStatus >= 100 && exchange.responseStatus < 200)) {
    if (exchange.upgrade === undefined) removeHeader(headers, 'content-length');
  }
}
