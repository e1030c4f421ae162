import type { ConfigSource } from '@heddle/sources';
import { createFileSource } from '@heddle/sources/node';

/** The source of `--mesh-config FILE`, to stand before the manifests: of two MeshConfigs the first is used. */
export function meshConfigSources(
  file: string | undefined,
  options: { readonly watch: boolean } = { watch: true },
): readonly ConfigSource[] {
  return file === undefined ? [] : [createFileSource({ paths: [file], content: 'mesh-config', watch: options.watch })];
}
