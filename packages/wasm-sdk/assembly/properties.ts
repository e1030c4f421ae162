import { currentStream } from "./context";
import { proxy_get_property } from "./hostcalls";
import { given, OUT } from "./memory";
import { copyOf, text, utf8 } from "./text";

// What Envoy calls attributes (envoyproxy.io, "Attributes"). Those of a request are there while its headers are handled and at the end, in
// between not: what was read once is kept with the stream.

/** A property's bytes by path, with dots between its parts: `xds.node.id`. Null if there is none now. */
export function property(path: string): ArrayBuffer | null {
  const shared = utf8(path);
  const bytes = copyOf(changetype<usize>(shared), shared.byteLength);
  const start = changetype<usize>(bytes);
  for (let index = 0; index < bytes.byteLength; index++) {
    if (load<u8>(start + index) == 0x2e) store<u8>(start + index, 0);
  }
  return read(bytes);
}

/** A property's bytes by the parts of its path, for parts that have dots themselves: `["metadata", "filter_metadata", "envoy.lb"]`. */
export function propertyAt(parts: string[]): ArrayBuffer | null {
  return read(utf8(parts.join("\0")));
}

/** Properties as what they are. The second of each pair is what is given if there is none, or something else by that name. */
export abstract class properties {
  static text(path: string): string | null {
    const bytes = property(path);
    return bytes === null ? null : text(bytes);
  }

  /** Of a number, of a point in time in nanoseconds since the epoch, or of a duration in nanoseconds. */
  static integer(path: string, otherwise: i64 = 0): i64 {
    return integerOf(property(path), otherwise);
  }

  static boolean(path: string, otherwise: bool = false): bool {
    const bytes = property(path);
    return bytes === null || bytes.byteLength != 1 ? otherwise : load<u8>(changetype<usize>(bytes)) != 0;
  }
}

/** Of the request; kept with the stream once they were read. */
export namespace request {
  /** Path and query. */
  export function path(): string | null { return keptText("request.path"); }
  export function urlPath(): string | null { return keptText("request.url_path"); }
  export function query(): string | null { return keptText("request.query"); }
  export function host(): string | null { return keptText("request.host"); }
  export function scheme(): string | null { return keptText("request.scheme"); }
  export function method(): string | null { return keptText("request.method"); }
  export function protocol(): string | null { return keptText("request.protocol"); }
  export function userAgent(): string | null { return keptText("request.useragent"); }
  export function referer(): string | null { return keptText("request.referer"); }
  /** `x-request-id`. */
  export function id(): string | null { return keptText("request.id"); }
  /** When its first byte came, in nanoseconds since the epoch; 0 if that is not known. */
  export function timeNs(): i64 { return integerOf(kept("request.time"), 0); }
  /** From its first byte to the end of the response, in nanoseconds: at the end only, else 0. */
  export function durationNs(): i64 { return properties.integer("request.duration"); }
  /** Bytes of the body. */
  export function size(): i64 { return properties.integer("request.size"); }
  /** Bytes of headers, body and trailers. */
  export function totalSize(): i64 { return properties.integer("request.total_size"); }
}

/** Of the response, as it stands. */
export namespace response {
  export function code(): i64 { return properties.integer("response.code"); }
  export function codeDetails(): string | null { return properties.text("response.code_details"); }
  /** -1 if there is none. */
  export function grpcStatus(): i64 { return properties.integer("response.grpc_status", -1); }
  /** Bits of Envoy's response flags. */
  export function flags(): i64 { return properties.integer("response.flags"); }
  export function size(): i64 { return properties.integer("response.size"); }
  export function totalSize(): i64 { return properties.integer("response.total_size"); }
}

/** Who calls. */
export namespace source {
  /** `IP:PORT`. */
  export function address(): string | null { return keptText("source.address"); }
  export function port(): i64 { return integerOf(kept("source.port"), 0); }
}

/** Whom the caller has reached. */
export namespace destination {
  /** `IP:PORT`. */
  export function address(): string | null { return keptText("destination.address"); }
  export function port(): i64 { return integerOf(kept("destination.port"), 0); }
}

/** The connection from the caller. */
export namespace connection {
  export function id(): i64 { return properties.integer("connection.id"); }
  /** Whether the caller has shown a certificate. */
  export function mtls(): bool { return properties.boolean("connection.mtls"); }
  export function requestedServerName(): string | null { return keptText("connection.requested_server_name"); }
  export function tlsVersion(): string | null { return keptText("connection.tls_version"); }
  export function subjectPeerCertificate(): string | null { return keptText("connection.subject_peer_certificate"); }
  export function uriSanPeerCertificate(): string | null { return keptText("connection.uri_san_peer_certificate"); }
  export function dnsSanPeerCertificate(): string | null { return keptText("connection.dns_san_peer_certificate"); }
}

/** Where the request goes, once that is known. */
export namespace upstream {
  /** `IP:PORT`. */
  export function address(): string | null { return properties.text("upstream.address"); }
  export function clusterName(): string | null { return properties.text("xds.cluster_name"); }
  export function routeName(): string | null { return properties.text("xds.route_name"); }
  export function uriSanPeerCertificate(): string | null { return properties.text("upstream.uri_san_peer_certificate"); }
  export function transportFailureReason(): string | null { return properties.text("upstream.transport_failure_reason"); }
}

/** What this plugin is. */
export namespace plugin {
  export function name(): string | null { return properties.text("plugin_name"); }
  export function rootId(): string | null { return properties.text("plugin_root_id"); }
  export function vmId(): string | null { return properties.text("plugin_vm_id"); }
  /** 1: inbound, 2: outbound, 0: neither is said. */
  export function listenerDirection(): i64 { return properties.integer("xds.listener_direction"); }
}

/** The proxy. */
export namespace node {
  export function id(): string | null { return properties.text("xds.node.id"); }
  export function cluster(): string | null { return properties.text("xds.node.cluster"); }
  /** A string of the node's metadata. */
  export function metadata(key: string): string | null {
    const bytes = propertyAt(["xds", "node", "metadata", key]);
    return bytes === null ? null : text(bytes);
  }
}

/** Something that filters of the stream have left in dynamic metadata; null if there is none. */
export function dynamicMetadata(filter: string, key: string): ArrayBuffer | null {
  return propertyAt(["metadata", "filter_metadata", filter, key]);
}

/** Filter state by its key; null if there is none. */
export function filterState(key: string): ArrayBuffer | null {
  return propertyAt(["filter_state", key]);
}

/** A property that was found, kept with its stream. */
export class KeptProperty {
  constructor(readonly path: string, readonly value: ArrayBuffer, readonly next: KeptProperty | null) {}
}

function read(path: ArrayBuffer): ArrayBuffer | null {
  return proxy_get_property(changetype<usize>(path), path.byteLength, OUT, OUT + 4) == 0 ? given() : null;
}

/** By a path that is a literal here, so that the same text is the same object. */
function kept(path: string): ArrayBuffer | null {
  const stream = currentStream;
  if (stream === null) return property(path);
  let one = stream.__keptProperties;
  while (one !== null) {
    if (changetype<usize>(one.path) == changetype<usize>(path)) return one.value;
    one = one.next;
  }
  const value = property(path);
  if (value !== null) stream.__keptProperties = new KeptProperty(path, value, stream.__keptProperties);
  return value;
}

function keptText(path: string): string | null {
  const bytes = kept(path);
  return bytes === null ? null : text(bytes);
}

function integerOf(bytes: ArrayBuffer | null, otherwise: i64): i64 {
  return bytes === null || bytes.byteLength != 8 ? otherwise : load<i64>(changetype<usize>(bytes));
}
