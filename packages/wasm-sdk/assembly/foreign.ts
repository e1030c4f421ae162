import { proxy_call_foreign_function } from "./hostcalls";
import { given, OUT } from "./memory";
import { bytesOf, emptyBytes, text, uninitialized, utf8 } from "./text";

// Functions of Envoy by name (source/extensions/common/wasm/foreign.cc). Hosts may lack some: every one of these says so by its result.

/** What a function of the host has answered. */
export class ForeignResult {
  /** @param status a status of the ABI: 0 for "ok", 1 where the host has no such function */
  constructor(readonly status: u32, readonly bytes: ArrayBuffer) {}

  get isOk(): bool { return this.status == 0; }
}

export function callForeignFunction<T>(name: string, argument: T): ForeignResult {
  const nameBytes = utf8(name);
  const bytes = bytesOf<T>(argument);
  store<u64>(OUT, 0);
  const status = proxy_call_foreign_function(
    changetype<usize>(nameBytes), nameBytes.byteLength, changetype<usize>(bytes), bytes.byteLength, OUT, OUT + 4,
  );
  return new ForeignResult(status, status == 0 ? given() : emptyBytes());
}

/** Has the route chosen again, after headers were changed: while the request's headers are handled only, elsewhere Envoy calls it a bug. */
export function clearRouteCache(): bool {
  return callForeignFunction("clear_route_cache", emptyBytes()).isOk;
}

/** Compresses (zlib); null if the host cannot. */
export function compress(bytes: ArrayBuffer): ArrayBuffer | null {
  return answerOf("compress", bytes);
}

/** Uncompresses (zlib); null if the host cannot, or that is nothing it would understand. */
export function uncompress(bytes: ArrayBuffer): ArrayBuffer | null {
  return answerOf("uncompress", bytes);
}

/** What a signature is. */
export enum Verdict {
  Right,
  Wrong,
  /** Nobody could tell: the key or the hash function is none that the host knows, or it cannot verify at all. */
  Unknown,
}

/**
 * Verifies an RSA (PKCS #1 v1.5) or ECDSA (ASN.1 form) signature.
 *
 * @param hash "sha1", "sha224", "sha256", "sha384" or "sha512"
 * @param publicKey DER, SubjectPublicKeyInfo
 */
export function verifySignature(hash: string, publicKey: ArrayBuffer, signature: ArrayBuffer, signed: ArrayBuffer): Verdict {
  const argument = new Message().bytes(1, utf8(hash)).bytes(2, publicKey).bytes(3, signature).bytes(4, signed).done();
  const answer = callForeignFunction("verify_signature", argument);
  if (!answer.isOk) return Verdict.Unknown;
  const bytes = answer.bytes;
  // VerifySignatureResult: result 1, error 2. False is not written.
  if (bytes.byteLength >= 2 && load<u16>(changetype<usize>(bytes)) == 0x0108) return Verdict.Right;
  return bytes.byteLength == 0 || load<u8>(changetype<usize>(bytes)) == 0x12 ? Verdict.Wrong : Verdict.Unknown;
}

/** How long filter state lives. */
export enum LifeSpan {
  FilterChain,
  DownstreamRequest,
  DownstreamConnection,
}

/** Sets filter state of a key that Envoy knows how to make from text, such as `envoy.network.upstream_server_name`. */
export function setFilterState<T>(key: string, value: T, span: LifeSpan = LifeSpan.FilterChain): bool {
  const argument = new Message().bytes(1, utf8(key)).bytes(2, bytesOf<T>(value)).number(3, span).done();
  return callForeignFunction("set_envoy_filter_state", argument).isOk;
}

/** What a declared property is (`envoy.source.extensions.common.wasm.WasmType`). */
export enum PropertyType {
  Bytes,
  String,
  FlatBuffers,
  Protobuf,
}

/** Says what a property will be that `setProperty` sets: without it, bytes that live as long as the filter chain. */
export function declareProperty(key: string, type: PropertyType, span: LifeSpan = LifeSpan.FilterChain, isReadOnly: bool = false): bool {
  const argument = new Message().bytes(1, utf8(key)).number(2, isReadOnly).number(3, type).number(5, span).done();
  return callForeignFunction("declare_property", argument).isOk;
}

/** An expression in CEL, compiled by the host: make it once, when the plugin is configured. */
export class Expression {
  private constructor(private token: ArrayBuffer) {}

  /** Null if the host does not understand it, or no expression at all. */
  static compile(source: string): Expression | null {
    const token = answerOf("expr_create", utf8(source));
    return token === null || token.byteLength != 4 ? null : new Expression(token);
  }

  /** Its value for this stream, as properties are written; null if it has none. */
  evaluate(): ArrayBuffer | null {
    return answerOf("expr_evaluate", this.token);
  }

  /** Whether it is true for this stream. */
  get isTrue(): bool {
    const value = this.evaluate();
    return value !== null && value.byteLength == 1 && load<u8>(changetype<usize>(value)) != 0;
  }

  /** The value as text. */
  text(): string | null {
    const value = this.evaluate();
    return value === null ? null : text(value);
  }

  /** Has the host forget it. */
  delete(): void {
    callForeignFunction("expr_delete", this.token);
  }
}

function answerOf(name: string, argument: ArrayBuffer): ArrayBuffer | null {
  const answer = callForeignFunction(name, argument);
  return answer.isOk ? answer.bytes : null;
}

/** A Protocol Buffers message of a few fields, as the functions above take. */
class Message {
  private parts: ArrayBuffer = emptyBytes();

  bytes(field: u32, value: ArrayBuffer): Message {
    const size: u32 = value.byteLength;
    const at = this.grow(1 + varintSize(size) + size);
    store<u8>(at, (field << 3) | 2);
    memory.copy(writeVarint(at + 1, size), changetype<usize>(value), size);
    return this;
  }

  number(field: u32, value: u32): Message {
    if (value == 0) return this;
    const at = this.grow(1 + varintSize(value));
    store<u8>(at, field << 3);
    writeVarint(at + 1, value);
    return this;
  }

  done(): ArrayBuffer {
    return this.parts;
  }

  /** Room for so many more bytes; where it starts. */
  private grow(size: u32): usize {
    const before = this.parts;
    const used = before.byteLength;
    this.parts = uninitialized(used + size);
    memory.copy(changetype<usize>(this.parts), changetype<usize>(before), used);
    return changetype<usize>(this.parts) + used;
  }
}

function varintSize(value: u32): u32 {
  let size: u32 = 1;
  for (; value >= 0x80; value >>= 7) size++;
  return size;
}

function writeVarint(at: usize, value: u32): usize {
  for (; value >= 0x80; value >>= 7) store<u8>(at++, (value & 0x7f) | 0x80);
  store<u8>(at, value);
  return at + 1;
}
