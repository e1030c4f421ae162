import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  HttpInspectorSchema,
  OriginalDstSchema,
  TlsInspectorSchema,
} from '@heddle/envoy-api/extensions/filters/listener';
import type { ListenerFilterSchema } from '@heddle/envoy-api/listener';

export type ListenerFilter = MessageInitShape<typeof ListenerFilterSchema>;

/** Listener filters: they look at a connection before a filter chain is chosen for it. */

/** Tells HTTP in the clear, by the first bytes, from everything else. It stands after {@link tlsInspector}, which spares it looking at TLS. */
export const httpInspector = {
  name: 'envoy.filters.listener.http_inspector',
  configType: { case: 'typedConfig', value: anyPack(HttpInspectorSchema, create(HttpInspectorSchema)) },
} as const satisfies ListenerFilter;

/** Tells TLS from everything else, and which server name and protocols the client asks for. */
export const tlsInspector = {
  name: 'envoy.filters.listener.tls_inspector',
  configType: { case: 'typedConfig', value: anyPack(TlsInspectorSchema, create(TlsInspectorSchema)) },
} as const satisfies ListenerFilter;

/** Restores the destination that a redirected connection had. */
export const originalDestination = {
  name: 'envoy.filters.listener.original_dst',
  configType: { case: 'typedConfig', value: anyPack(OriginalDstSchema, create(OriginalDstSchema)) },
} as const satisfies ListenerFilter;

/** What HTTP in the clear looks like to the HTTP inspector. */
export const PLAIN_HTTP: readonly string[] = ['http/1.0', 'http/1.1', 'h2c'];

/**
 * The HTTP inspector, off for connections to some ports. There the first bytes are not waited for: a server that speaks first, such as a
 * database, would never be heard.
 */
export function httpInspectorExcept(ports: readonly number[]): ListenerFilter {
  if (ports.length === 0) return httpInspector;
  const [only, ...others] = ports.map((port) => ({
    rule: { case: 'destinationPortRange' as const, value: { start: port, end: port + 1 } },
  }));
  if (only === undefined) return httpInspector;
  const filterDisabled =
    others.length === 0 ? only : { rule: { case: 'orMatch' as const, value: { rules: [only, ...others] } } };
  return { ...httpInspector, filterDisabled };
}
