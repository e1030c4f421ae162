import { ALWAYS, CALLBACKS, FORGOTTEN, GENERATED } from './callbacks.ts';
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

/** Names of the module's exports. */
export function exportsOf(derived: readonly DerivedClass[]): string[] {
  return [...sdkExports(derived), ...GENERATED];
}

/**
 * The file whose exports the module has: it hands the host's callbacks to the SDK and says which of the filter's classes stand for a plugin.
 *
 * @throws Error if the entry file exports no class that can
 */
export function exportsSource({ entry, exported, derived }: ExportsInput): string {
  const { names, declaration, create } = chooseRoots(exported, entry);
  const [file, add] = chooseStreams(derived);
  const forget = Object.entries(FORGOTTEN).filter(([base]) => derived.some((one) => one.base === base));
  return [
    `export { ${sdkExports(derived).join(', ')} } from "${SDK}/exports";`,
    `import { abort } from "${SDK}/abort";`,
    `import { addRoot, takeContext } from "${SDK}/create-context";`,
    `import { ${add} } from "${SDK}/${file}";`,
    `import { endCallback } from "${SDK}/collector";`,
    ...forget.map(([, [file, name]]) => `import { ${name} } from "${SDK}/${file}";`),
    `import { ${names.join(', ')} } from "${entry}";`,
    ...declaration,
    'export function proxy_on_context_create(id: u32, rootId: u32): void {',
    `  if (rootId == 0) addRoot(id, ${create});`,
    `  else ${add}(id, rootId);`,
    '}',
    'export function proxy_on_delete(id: u32): void {',
    '  const context = takeContext(id);',
    '  if (context !== null) {',
    ...forget.map(([, [, name]]) => `    ${name}(context);`),
    '  }',
    '  endCallback();',
    '}',
    '',
  ].join('\n');
}

const SDK = '@heddle/wasm-sdk/assembly';

/** What the SDK exports as it stands there. */
function sdkExports(derived: readonly DerivedClass[]): string[] {
  const called = derived.flatMap(({ base, methods }) =>
    methods.flatMap((method) => (Object.hasOwn(CALLBACKS[base], method) ? (CALLBACKS[base][method] ?? []) : [])),
  );
  // Its coming first is how a connection is told from a request.
  return [...new Set([...ALWAYS, ...(hasBoth(derived) ? ['proxy_on_new_connection'] : []), ...called])];
}

interface Roots {
  readonly names: readonly string[];
  readonly declaration: readonly string[];
  /** An expression that makes the plugin's context. */
  readonly create: string;
}

function chooseRoots(exported: readonly DerivedClass[], entry: string): Roots {
  const roots = exported.filter(({ base }) => base === 'RootContext').map(({ name }) => name);
  if (roots.length === 1) return { names: roots, declaration: [], create: `new ${roots[0]}()` };
  if (roots.length > 1) {
    // A single class serves plugins of any `root_id`; several are told apart by it.
    const create = roots.reduceRight((rest, name) => `id == "${name}" ? new ${name}() : ${rest}`, 'null');
    return {
      names: roots,
      declaration: [
        `import { rootId as pluginRootId } from "${SDK}/root-id";`,
        `import { RootContext } from "${SDK}/root-context";`,
        `function createRoot(): RootContext | null { const id = pluginRootId(); return ${create}; }`,
      ],
      create: 'createRoot()',
    };
  }
  const streams = exported.filter(({ base }) => base === 'HttpContext' || base === 'TcpContext');
  const [only] = streams;
  if (only === undefined || streams.length > 1) {
    const found = streams.length === 0 ? 'none' : streams.map(({ name }) => `"${name}"`).join(', ');
    throw new Error(
      `The filter's entry file "${entry}" exports no class for a plugin: wanted a class that extends RootContext, or one single class ` +
        `that extends HttpContext or TcpContext, found ${found}`,
    );
  }
  const method = only.base === 'HttpContext' ? 'createHttpContext' : 'createTcpContext';
  return {
    names: [only.name],
    declaration: [
      `import { RootContext } from "${SDK}/root-context";`,
      `import { ${only.base} } from "${SDK}/${only.base === 'HttpContext' ? 'http' : 'tcp'}-context";`,
      `class Root extends RootContext { ${method}(): ${only.base} | null { return new ${only.name}(); } }`,
    ],
    create: 'new Root()',
  };
}

/** By what the filter has, how contexts of streams are made: file and function of the SDK. */
function chooseStreams(derived: readonly DerivedClass[]): readonly [file: string, name: string] {
  if (hasBoth(derived)) return ['undecided-context', 'addUndecided'];
  return ['create-context', derived.some(({ base }) => base === 'TcpContext') ? 'addTcp' : 'addHttp'];
}

function hasBoth(derived: readonly DerivedClass[]): boolean {
  return ['HttpContext', 'TcpContext'].every((base) => derived.some((one) => one.base === base));
}
