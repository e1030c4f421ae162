import { proxy_call_foreign_function } from "./hostcalls";
import { given, OUT } from "./memory";
import { ProtoReader, ProtoWriter } from "./protobuf";
import { bytesOf, emptyBytes, text, utf8 } from "./text";

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
  /** Also of a key or a hash function that the host does not know. */
  Wrong,
  /** The host has no such function, or does not understand what it was asked. */
  Unknown,
}

/**
 * Verifies an RSA (PKCS #1 v1.5) or ECDSA (ASN.1 form) signature.
 *
 * @param hash "sha1", "sha224", "sha256", "sha384" or "sha512"
 * @param publicKey DER, SubjectPublicKeyInfo
 */
export function verifySignature(hash: string, publicKey: ArrayBuffer, signature: ArrayBuffer, signed: ArrayBuffer): Verdict {
  // VerifySignatureArguments: hash_function 1, public_key 2, signature 3, text 4. VerifySignatureResult: result 1, error 2.
  const argument = new ProtoWriter().bytes(1, hash).bytes(2, publicKey).bytes(3, signature).bytes(4, signed).toBytes();
  const answer = callForeignFunction("verify_signature", argument);
  if (!answer.isOk) return Verdict.Unknown;
  const fields = ProtoReader.of(answer.bytes);
  let isRight = false;
  while (fields.next()) {
    if (fields.field == 1) isRight = fields.bool;
  }
  return isRight && !fields.failed ? Verdict.Right : Verdict.Wrong;
}

/**
 * Signs, with RSA (PKCS #1 v1.5) or ECDSA (ASN.1 form); null if the host cannot, or not with this key.
 *
 * @param hash "sha1", "sha224", "sha256", "sha384" or "sha512"
 * @param privateKey DER, PKCS #8
 */
export function sign(hash: string, privateKey: ArrayBuffer, bytes: ArrayBuffer): ArrayBuffer | null {
  // SignArguments: hash_function 1, private_key 2, text 3. SignResult: result 1, signature 2, error 3.
  const answer = answerOf("sign", new ProtoWriter().bytes(1, hash).bytes(2, privateKey).bytes(3, bytes).toBytes());
  if (answer === null) return null;
  const fields = ProtoReader.of(answer);
  let signature: ArrayBuffer | null = null;
  let isSigned = false;
  while (fields.next()) {
    if (fields.field == 1) isSigned = fields.bool;
    else if (fields.field == 2) signature = fields.bytes;
  }
  return isSigned ? signature : null;
}

/** How long filter state lives. */
export enum LifeSpan {
  FilterChain,
  DownstreamRequest,
  DownstreamConnection,
}

/** Sets filter state of a key that Envoy knows how to make from text, such as `envoy.network.upstream_server_name`. */
export function setFilterState<T>(key: string, value: T, span: LifeSpan = LifeSpan.FilterChain): bool {
  const argument = new ProtoWriter().bytes(1, key).bytes(2, bytesOf<T>(value)).uint64(3, span).toBytes();
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
  const argument = new ProtoWriter().bytes(1, key).uint64(2, isReadOnly).uint64(3, type).uint64(5, span).toBytes();
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
