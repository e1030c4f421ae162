/**
 * What the AssemblyScript compiler needs to make Proxy-Wasm modules of filters that use the SDK.
 *
 * @module
 */
import {
  Node,
  type Parser,
  type Source,
  type SourceKind,
  type VariableDeclaration,
  VariableStatement,
} from 'assemblyscript';
import { ClassHierarchy, EXPORT, SDK_PATH } from './class-hierarchy.ts';
import { exportsOf, exportsSource } from './exports-source.ts';
import { type StatsTag, statsTags } from './stats-tags.ts';
import { guardLogging, metricLabels, trapSilently } from './syntax-tree.ts';

export { type StatsTag, statsTags } from './stats-tags.ts';

/** Flags of asc that belong to the SDK (see docs/decisions/0054-filters-in-assemblyscript.md); how much to optimise is the caller's choice. */
export const SDK_FLAGS: readonly string[] = [
  '--runtime',
  'minimal',
  '--exportStart',
  '_initialize',
  '--use',
  'abort=~lib/@heddle/wasm-sdk/assembly/abort/abort',
];

/**
 * A transform of asc: finds the filter's classes and adds the exports by which the host calls them, those only that a class overrides.
 *
 * @example
 * const transform = new FilterTransform();
 * await compileModule('assembly/index.ts', { flags: SDK_FLAGS, transforms: [transform] });
 */
export class FilterTransform {
  #exports: readonly string[] = [];
  #statsTags: readonly StatsTag[] = [];

  /** Names of the callbacks that the module has, known after it was compiled. */
  get exports(): readonly string[] {
    return this.#exports;
  }

  /** What Envoy's bootstrap needs for the labels of the filter's metrics, known after it was compiled: `stats_config.stats_tags`. */
  get statsTags(): readonly StatsTag[] {
    return this.#statsTags;
  }

  /** A hook of the compiler; throws if no class of the entry file can stand for a plugin. */
  afterParse(parser: Parser): void {
    const entry = parser.sources.find(isEntry);
    if (entry === undefined) throw new Error('The compiler was given no entry file');
    const hierarchy = new ClassHierarchy(parser);
    const derived = hierarchy.derived();
    this.#exports = exportsOf(derived);
    adaptRuntime(parser.sources);
    const sources = parser.sources.filter(({ internalPath }) => !internalPath.startsWith(SDK_PATH));
    this.#statsTags = statsTags(sources.flatMap(metricLabels));
    for (const source of sources) guardLogging(source);
    const text = exportsSource({ entry: `./${entry.simplePath}`, exported: hierarchy.exportedBy(entry), derived });
    // What the filter exports is for itself; the module's exports are these.
    entry.sourceKind = USER;
    // Beside the entry file, so that packages are found from the same folder.
    const folder = entry.normalizedPath.slice(0, entry.normalizedPath.lastIndexOf('/') + 1);
    parser.parseFile(text, `${folder}${GENERATED_FILE}`, true);
  }
}

const GENERATED_FILE = 'proxy-wasm-exports.ts';

/**
 * Changes the compiler's runtime library: it exports how much there is, by which the SDK decides when to collect; it does not check itself
 * in every allocation, which takes half a kilobyte; and it tells of an allocation of a gigabyte in no other way than of one for which
 * there is no memory left, by a trap. What a filter's own code asserts and throws stays.
 */
function adaptRuntime(sources: readonly Source[]): void {
  const total = findVariable(sources, '~lib/rt/tcms', 'total');
  const debug = findVariable(sources, '~lib/rt/common', 'DEBUG');
  if (total === undefined || debug === undefined) {
    throw new Error('Filters are compiled with "--runtime minimal": the SDK collects between callbacks, by itself');
  }
  total.flags |= EXPORT;
  debug.initializer = Node.createFalseExpression(debug.range);
  for (const source of sources) if (ALLOCATORS.includes(source.internalPath)) trapSilently(source);
}

const ALLOCATORS: readonly string[] = ['~lib/rt/tcms', '~lib/rt/tlsf'];

function findVariable(sources: readonly Source[], path: string, name: string): VariableDeclaration | undefined {
  return sources
    .find(({ internalPath }) => internalPath === path)
    ?.statements.flatMap((statement) => (statement instanceof VariableStatement ? statement.declarations : []))
    .find((declaration) => declaration.name.text === name);
}

function isEntry(source: Source): boolean {
  // The compiler counts its runtime as an entry too.
  return source.sourceKind === USER_ENTRY && !source.internalPath.startsWith('~lib/');
}

// SourceKind.User and UserEntry, constants that only the compiler can import.
const USER: SourceKind = 0;
const USER_ENTRY: SourceKind = 1;
