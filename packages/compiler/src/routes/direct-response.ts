import type { MessageInitShape } from '@bufbuild/protobuf';
import { base64Decode } from '@bufbuild/protobuf/wire';
import type { DirectResponseActionSchema } from '@heddle/envoy-api/route';
import type { HttpRoute } from '../mesh-objects.ts';

type DirectResponse = NonNullable<HttpRoute['directResponse']>;

/** Whether a body is written where HTTP knows none: Envoy would send it all the same, and clients read it as the next answer. */
export function hasForbiddenBody({ status, body }: DirectResponse): boolean {
  return (status === 204 || status === 304) && ((body?.string ?? '') !== '' || (body?.bytes ?? '') !== '');
}

/** Istio's `http[].directResponse`: an answer without a destination. Its bytes are base64, as in all protobuf JSON. */
export function compileDirectResponse(response: DirectResponse): MessageInitShape<typeof DirectResponseActionSchema> {
  const { status, body } = response;
  if (hasForbiddenBody(response)) return { status };
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
