import { ALWAYS, CALLBACKS } from './callbacks.ts';
import type { DerivedClass } from './class-hierarchy.ts';

/** See {@link exportsSource}. */
export interface ExportsInput {
  /** Where the filter's entry file is imported from. */
  readonly entry: string;
  /** What the entry file exports. */
  readonly exported: readonly DerivedClass[];
  /** All classes of the filter and of the packages it uses. */
  readonly derived: readonly DerivedClass[];
}

/** The module's exports: each once, the constant ones first. */
export function exportsOf(derived: readonly DerivedClass[]): string[] {
  const called = derived.flatMap(({ base, methods }) =>
    methods.flatMap((method) => (Object.hasOwn(CALLBACKS[base], method) ? [CALLBACKS[base][method] as string] : [])),
  );
  return [...new Set([...ALWAYS, ...called])];
}

/**
 * The file whose exports the module has: it hands the host's callbacks to the SDK and says which of the filter's classes stand for a plugin.
 *
 * @throws Error if the entry file exports no class that can
 */
export function exportsSource({ entry, exported, derived }: ExportsInput): string {
  const roots = exported.filter(({ base }) => base === 'RootContext');
  const https = exported.filter(({ base }) => base === 'HttpContext');
  const lines = [
    `export { ${exportsOf(derived).join(', ')} } from "${SDK}/exports";`,
    `import { abort } from "${SDK}/abort";`,
    `import { addHttp, addRoot } from "${SDK}/create-context";`,
  ];
  let create: string;
  const [only] = https;
  if (roots.length > 0) {
    lines.push(`import { ${roots.map(({ name }) => name).join(', ')} } from "${entry}";`);
    create = createRoots(roots.map(({ name }) => name));
    if (roots.length > 1) lines.push(`import { rootId } from "${SDK}/root-id";`);
  } else if (only !== undefined && https.length === 1) {
    lines.push(
      `import { ${only.name} } from "${entry}";`,
      `import { HttpContext } from "${SDK}/http-context";`,
      `import { RootContext } from "${SDK}/root-context";`,
      `class Root extends RootContext { createHttpContext(): HttpContext | null { return new ${only.name}(); } }`,
    );
    create = 'new Root()';
  } else {
    const found = https.length === 0 ? 'none' : https.map(({ name }) => `"${name}"`).join(', ');
    throw new Error(
      `The filter's entry file "${entry}" exports no class for a plugin: wanted a class that extends RootContext, or one single class ` +
        `that extends HttpContext, found ${found}`,
    );
  }
  lines.push(
    'export function proxy_on_context_create(id: u32, rootId: u32): void {',
    `  if (rootId == 0) addRoot(id, ${create});`,
    '  else addHttp(id, rootId);',
    '}',
    '',
  );
  return lines.join('\n');
}

const SDK = '@heddle/wasm-sdk/assembly';

/** A single class serves plugins of any `root_id`; several are told apart by it. */
function createRoots(names: readonly string[]): string {
  if (names.length === 1) return `new ${names[0]}()`;
  return names.reduceRight((rest, name) => `rootId() == "${name}" ? new ${name}() : ${rest}`, 'null');
}
