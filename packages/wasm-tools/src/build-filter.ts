import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FilterTransform, SDK_FLAGS, type StatsTag } from '@heddle/wasm-sdk/transform';
import { BuildError } from './build-error.ts';
import type { CompileDiagnostic } from './compile-diagnostic.ts';
import { compileModule } from './compile-module.ts';
import { checkModule, type ModuleProblem } from './module-checks.ts';
import { readSdk, usesSdk } from './sdk.ts';
import { shortenNames } from './short-names.ts';
import { readWasmBinary } from './wasm-binary.ts';

/** See {@link buildFilter}. */
export interface BuildOptions {
  /** The file's name without `.wasm`, for the source map; default: the entry file's, or for `index.ts` the folder's. */
  readonly name?: string;
  /** Whether the module keeps the names of its functions; default true. Without them Envoy's log has no backtrace when it fails. */
  readonly names?: boolean;
  /** Whether to optimise; default true. Without, it compiles in half the time, functions stay apart and the module is twice as big. */
  readonly optimize?: boolean;
  /** Further flags of asc; the last of a kind counts. */
  readonly flags?: readonly string[];
  /** Further transforms of asc. */
  readonly transforms?: readonly object[];
}

/** A filter, built. */
export interface BuiltFilter {
  readonly name: string;
  /** Absolute path of its folder, which names in errors and in the source map are relative to. */
  readonly folder: string;
  /** Absolute path of the entry file. */
  readonly entry: string;
  /** The module, fit for Envoy. */
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** Source map in JSON, version 3: columns of its only line are offsets in the module. */
  readonly sourceMap: string;
  /** Bytes of the module. */
  readonly size: number;
  /** Bytes of the module when it is compressed, as images of filters are. */
  readonly gzipSize: number;
  /** Bytes of `size` that are names of functions, which it would not have with `names: false`. */
  readonly namesSize: number;
  /** Names of the functions that it exports, sorted. */
  readonly exports: readonly string[];
  /** What it imports, as `MODULE.NAME`, sorted. */
  readonly imports: readonly string[];
  /** Labels of its metrics, for `stats_config.stats_tags` of Envoy's bootstrap. */
  readonly statsTags: readonly StatsTag[];
  /** What the compiler says beside errors. */
  readonly warnings: readonly CompileDiagnostic[];
  /** What a proxy makes of it that its author may not mean. */
  readonly problems: readonly ModuleProblem[];
  /** The files that it was built from. */
  readonly files: readonly string[];
}

/**
 * Builds a filter from its sources: compiles them with what Envoy needs, and checks that Envoy would run the result.
 *
 * @param folderOrEntry the filter's folder, with `assembly/index.ts` or `index.ts`, or the entry file itself
 * @throws CompileError if the compiler refuses the sources
 * @throws BuildError if a proxy would refuse the module
 */
export async function buildFilter(folderOrEntry: string, options: BuildOptions = {}): Promise<BuiltFilter> {
  const { entry, folder } = findEntry(folderOrEntry);
  const name = options.name ?? nameOf(entry, folder);
  const sdk = usesSdk(entry) ? new FilterTransform() : undefined;
  const compiled = await compileModule(entry, {
    folder,
    library: { [GLOBALS]: readFileSync(new URL('../assembly/globals.ts', import.meta.url), 'utf8') },
    flags: [
      ...['--runtime', 'minimal', '--maximumMemory', String(MAX_MEMORY_PAGES)],
      ...REPLACED_GLOBALS.flatMap((one) => ['--use', `${one}=heddle_${one}`]),
      ...(sdk === undefined ? [] : SDK_FLAGS),
      ...((options.optimize ?? true) ? OPTIMIZED : UNOPTIMIZED),
      ...['--sourceMap', `${name}.wasm.map`],
      ...((options.names ?? true) ? ['--debug'] : []),
      ...(options.flags ?? []),
    ],
    transforms: [...(sdk === undefined ? [] : [sdk]), ...(options.transforms ?? [])],
    readPackage: readSdk,
  });
  const wasm = shortenNames(compiled.wasm);
  const binary = readWasmBinary(wasm);
  const { namesSection } = binary;
  const problems = checkModule(binary);
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first !== undefined) {
    throw new BuildError(
      `Cannot build "${folderOrEntry}": no proxy would run the module\n\n${errors.map(formatProblem).join('\n\n')}`,
      first.code,
      errors,
    );
  }
  return {
    name,
    folder,
    entry,
    wasm,
    sourceMap: namedSourceMap(compiled.sourceMap as string, name),
    size: wasm.length,
    gzipSize: gzipSync(wasm, { level: 9 }).length,
    namesSize: namesSection === undefined ? 0 : namesSection.end - namesSection.start,
    exports: binary.exportedFunctions.map((one) => one.name).sort(),
    imports: binary.importedFunctions.map((one) => `${one.module}.${one.name}`).sort(),
    statsTags: sdk?.statsTags ?? [],
    warnings: compiled.warnings,
    problems,
    files: compiled.files,
  };
}

/** A problem for people: what, why, and the cure. */
export function formatProblem({ severity, message, why, cure }: ModuleProblem): string {
  return `${severity}: ${message}\n  why:  ${why}\n  cure: ${cure}`;
}

/** 64 MiB: what `@heddle/wasm-host` gives a module at most; Envoy would give 1 GiB. A filter that leaks fails before its proxy does. */
const MAX_MEMORY_PAGES = 1024;

const GLOBALS = 'heddle/globals';

/** Of the standard library's imports those for which assembly/globals.ts has something else. */
const REPLACED_GLOBALS = ['abort', 'seed', 'trace', 'Date', 'console', 'performance'];

// Asserts stay: one that is left out guards nothing (asc --noAssert saves half a kilobyte). Optimising until nothing changes any more
// (--converge) saves a thousandth of the size and takes up to as long as all else.
const OPTIMIZED = ['--optimizeLevel', '3', '--shrinkLevel', '1'];
const UNOPTIMIZED = ['--optimizeLevel', '0', '--shrinkLevel', '0'];

/** Where asc begins, and what file names are relative to. */
function findEntry(folderOrEntry: string): { readonly entry: string; readonly folder: string } {
  const path = resolve(folderOrEntry);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() === true) {
    const folder = dirname(path);
    return { entry: path, folder: basename(folder) === 'assembly' ? dirname(folder) : folder };
  }
  const candidates = ['assembly/index.ts', 'index.ts'];
  const entry = stats === undefined ? undefined : candidates.map((one) => join(path, one)).find(isFile);
  if (entry === undefined) {
    const found = stats === undefined ? 'found nothing there' : `found neither ${candidates.join(' nor ')} in it`;
    throw new BuildError(
      `Cannot build "${folderOrEntry}": wanted a filter's folder or its entry file, ${found}`,
      'no-entry',
    );
  }
  return { entry, folder: path };
}

/** The folder's name, unless the entry file has one of its own. */
function nameOf(entry: string, folder: string): string {
  const own = basename(entry, '.ts');
  return own === 'index' ? basename(folder) : own;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** The map with the module's name in place of asc's own for it. */
function namedSourceMap(json: string, name: string): string {
  const { version, sources, names, mappings, sourcesContent } = JSON.parse(json);
  return JSON.stringify({ version, file: `${name}.wasm`, sources, sourcesContent, names, mappings });
}
