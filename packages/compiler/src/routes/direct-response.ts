import type { MessageInitShape } from '@bufbuild/protobuf';
import { base64Decode } from '@bufbuild/protobuf/wire';
import type { DirectResponseActionSchema } from '@heddle/envoy-api/route';
import type { HttpRoute } from '../mesh-objects.ts';

/** Istio's `http[].directResponse`: an answer without a destination. Its bytes are base64, as in all protobuf JSON. */
export function compileDirectResponse(
  response: NonNullable<HttpRoute['directResponse']>,
): MessageInitShape<typeof DirectResponseActionSchema> {
  const { status, body } = response;
  if (body?.string !== undefined) return { status, body: { specifier: { case: 'inlineString', value: body.string } } };
  const bytes = body?.bytes === undefined ? undefined : decoded(body.bytes);
  return bytes === undefined ? { status } : { status, body: { specifier: { case: 'inlineBytes', value: bytes } } };
}

function decoded(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return base64Decode(text);
  } catch {
    // The status is what matters; a body that is no base64 is left out.
    return undefined;
  }
}
