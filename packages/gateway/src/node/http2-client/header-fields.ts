import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import process from 'node:process';
import { type HeaderList, lowerCaseName } from '../../http/header-list.ts';
import type { UpstreamRequest } from '../../upstream-transport.ts';

/** Node takes headers as a flat list from 24.2 on, which keeps the order of repeated ones; others take objects. */
const takesLists: boolean = (() => {
  const versions = process.versions as Record<string, string | undefined>;
  if (versions['bun'] !== undefined || versions['deno'] !== undefined) return false;
  const [major = 0, minor = 0] = (versions['node'] ?? '').split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 2);
})();

/** The header block of a request: pseudo fields in Envoy's order, then the others in theirs. */
export function requestHeaders(request: UpstreamRequest): OutgoingHttpHeaders | readonly string[] {
  const { method, scheme, authority, path, headers } = request;
  const pseudo = [':authority', authority, ':path', path, ':method', method, ':scheme', scheme];
  return takesLists ? pseudo.concat(headers) : { ...headerFields(pseudo), ...headerFields(headers) };
}

/** A header list as the object that node:http2 takes. */
export function headerFields(headers: HeaderList): OutgoingHttpHeaders {
  const fields: Record<string, string | string[]> = {};
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    const present = fields[name];
    if (present === undefined) fields[name] = value;
    else if (Array.isArray(present)) present.push(value);
    else fields[name] = [present, value];
  }
  return fields;
}

/** Received headers without pseudo fields: as they came, where the runtime tells it, else as it has joined them. */
export function receivedFields(headers: IncomingHttpHeaders, raw: readonly string[] | undefined): HeaderList {
  const list: HeaderList = [];
  if (raw !== undefined) {
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i] as string;
      if (name.charCodeAt(0) !== 0x3a) list.push(lowerCaseName(name), raw[i + 1] as string);
    }
    return list;
  }
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) list.push(name, one);
  }
  return list;
}
