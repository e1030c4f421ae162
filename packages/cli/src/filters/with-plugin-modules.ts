import type { MeshSnapshot } from '@heddle/model';

/**
 * The snapshot with the modules of its WasmPlugins, for commands that look once: files that stand beside the manifests are read, checked and
 * built, and what is wrong with them is among the diagnostics. Absolute paths are those of the machine that the manifests are for.
 */
export async function withPluginModules(snapshot: MeshSnapshot): Promise<MeshSnapshot> {
  if (snapshot.list('WasmPlugin').length === 0) return snapshot;
  const { createPluginModules } = await import('@heddle/control-plane/node');
  const { createBuilder } = await import('@heddle/wasm-tools/builder');
  const builder = createBuilder();
  const provider = createPluginModules({ build: builder.build, watch: false, absolutePaths: 'unread' });
  try {
    const { modules, diagnostics } = await provider.resolve(snapshot);
    const found = diagnostics.map((one) => snapshot.located(one));
    const told = found.length === 0 ? snapshot.diagnostics : [...snapshot.diagnostics, ...found];
    return snapshot.withPluginModules(modules).withDiagnostics(told);
  } finally {
    await provider.close();
    await builder.close();
  }
}
