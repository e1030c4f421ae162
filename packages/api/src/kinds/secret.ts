import { secretKey } from '../formats/label.ts';
import type { KindDeclaration } from '../kind.ts';
import { boolean, type Infer, inert, map, object, secret, string } from '../schema.ts';

/** Kubernetes' bound on a Secret: 1 MiB of data, a third more in base64. */
const MAX_ENTRIES = 1_000;

/**
 * The content of a Secret, whose fields stand at the object's root. Of both maps the values are {@link SecretValue}s; `stringData` wins
 * where both have a key.
 */
export const SecretContent = object({
  data: map(secret({ encoding: 'base64', doc: 'In base64.' }), { keys: secretKey, maxEntries: MAX_ENTRIES }),
  stringData: map(secret({ encoding: 'text' }), { keys: secretKey, maxEntries: MAX_ENTRIES }),
  type: inert(string({ maxLength: 256, doc: 'kubernetes.io/tls for certificates; what counts here is the keys.' })),
  immutable: inert(boolean()),
});
export type SecretContent = Infer<typeof SecretContent>;

/** Kubernetes `core/v1 Secret` (https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/). */
export const Secret: KindDeclaration<'Secret', SecretContent> = {
  kind: 'Secret',
  group: '',
  versions: ['v1'],
  scope: 'namespaced',
  plural: 'secrets',
  specAtRoot: true,
  specOptional: true,
  spec: SecretContent,
};
