import { pointerOf, toBytes } from "./bytes";
import { proxy_call_foreign_function } from "./hostcalls";
import { given, OUT } from "./memory";
import { ProtoReader, ProtoWriter } from "./protobuf";

/**
 * Whether the host finds a signature right: Envoy's foreign function `verify_signature` (BoringSSL). RSA is with PKCS #1 padding, ECDSA
 * signatures are in DER. Also false where the host has no such function.
 *
 * @param hash `sha256`, `sha384`, `sha512`, …
 * @param publicKey SubjectPublicKeyInfo in DER
 */
export function verifySignature(hash: string, publicKey: ArrayBuffer, signature: ArrayBuffer, text: ArrayBuffer): bool {
  const name = toBytes("verify_signature");
  // VerifySignatureArguments of source/extensions/common/wasm/ext/verify_signature.proto.
  const args = new ProtoWriter().bytes(1, hash).bytes(2, publicKey).bytes(3, signature).bytes(4, text).toBytes();
  const status = proxy_call_foreign_function(pointerOf(name), name.byteLength, pointerOf(args), args.byteLength, OUT, OUT + 4);
  if (status != 0) return false;
  const result = ProtoReader.of(given());
  let isRight = false;
  while (result.next()) {
    if (result.field == 1) isRight = result.bool;
  }
  return isRight && !result.failed;
}
