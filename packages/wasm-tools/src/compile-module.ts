import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
import process from 'node:process';
import asc from 'assemblyscript/asc';
import { type CompileDiagnostic, compileDiagnostic, formatDiagnostic } from './compile-diagnostic.ts';
import { CompileError } from './compile-error.ts';

/** See {@link compileModule}. */
export interface CompileOptions {
  /** What file names are relative to, in errors of the module and in the source map; default: the entry's folder. */
  readonly folder?: string;
  /** Further flags of asc, such as `--use` or `--optimizeLevel`. */
  readonly flags?: readonly string[];
  /** asc's transforms: objects with the hooks `afterParse`, `afterInitialize`, `afterCompile`, or classes of such. */
  readonly transforms?: readonly object[];
  /** Sources to be compiled along, by name: `{ 'heddle/globals': text }` is `~lib/heddle/globals.ts`. What they mark `@global` is there for all. */
  readonly library?: Readonly<Record<string, string>>;
  /** Text of a file of a package that is not installed beside the sources: by `PACKAGE/FILE.ts`; null if there is none. */
  readonly readPackage?: (name: string) => string | null;
}

/** What asc made of the sources. */
export interface CompiledModule {
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** The source map as JSON, if `--sourceMap` was among the flags. */
  readonly sourceMap: string | undefined;
  /** What asc says beside errors. */
  readonly warnings: readonly CompileDiagnostic[];
  /** The files that were read, as absolute paths: the entry and all that it imports but asc's own library. */
  readonly files: readonly string[];
}

/**
 * Compiles AssemblyScript in this process, which takes a third of a second where the asc command takes two. Packages are found as Node
 * finds them: in the `node_modules` of the entry's folder or of one above. An `asconfig.json` in the folder is obeyed, as asc does.
 *
 * @param entry path of the file whose exports the module has
 * @throws CompileError
 */
export async function compileModule(entry: string, options: CompileOptions = {}): Promise<CompiledModule> {
  const folder = resolve(options.folder ?? dirname(entry));
  const written = new Map<string, string | Uint8Array>();
  const sources = new Sources(folder, options);
  const diagnostics: CompileDiagnostic[] = [];
  const output = { text: '', write: (chunk: string | Uint8Array) => void (output.text += String(chunk)) };
  const { error } = await asc.main(
    [
      relative(folder, resolve(entry)).split(sep).join('/'),
      ...['--baseDir', folder, '--outFile', OUT_FILE, '--exportStart', '_initialize'],
      ...(options.flags ?? []),
    ],
    {
      stdout: output,
      stderr: output,
      readFile: (name) => sources.read(name),
      writeFile: (name, contents) => void written.set(name, contents),
      listFiles: () => [],
      reportDiagnostic: (one) => diagnostics.push(compileDiagnostic(one, (name) => sources.named(name))),
      // asc takes any object with hooks, its type names a class that cannot be imported without running it.
      transforms: [sources, ...(options.transforms ?? [])] as never,
    },
  );
  const wasm = written.get(OUT_FILE);
  if (error !== null || !(wasm instanceof Uint8Array)) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    const reason =
      errors.length > 0
        ? `${errors.length === 1 ? '1 error' : `${errors.length} errors`}\n\n${errors.map(formatDiagnostic).join('\n\n')}`
        : output.text.trim() || error?.message || 'no module came out';
    throw new CompileError(`Cannot compile "${entry}": ${reason}`, diagnostics, { cause: error });
  }
  return {
    wasm: Uint8Array.from(wasm),
    sourceMap: [...written].find(([name]) => name.endsWith('.map'))?.[1] as string | undefined,
    warnings: diagnostics,
    files: sources.files,
  };
}

const OUT_FILE = 'out.wasm';
const PACKAGES = 'node_modules/';
const LIBRARY = '~lib/';

/** asc's parser, as far as it is needed here. */
interface Parser {
  parseFile(text: string, path: string, isEntry: boolean): void;
}

/** The files of one compilation; a transform as well, which adds the library. */
class Sources {
  readonly #folder: string;
  readonly #library: Readonly<Record<string, string>>;
  readonly #readPackage: (name: string) => string | null;
  /** By the name that asc has for it in what it reports. */
  readonly #read = new Map<string, { readonly path: string | undefined; readonly text: string }>();

  constructor(folder: string, { library = {}, readPackage = () => null }: CompileOptions) {
    this.#folder = folder;
    this.#library = library;
    this.#readPackage = readPackage;
  }

  get files(): readonly string[] {
    return [...this.#read.values()].flatMap(({ path }) => (path === undefined ? [] : [path]));
  }

  /** A file as asc names it: relative to the folder, packages by `node_modules/NAME` there or in a folder above. */
  read(name: string): string | null {
    const path = resolve(this.#folder, name);
    const text = readText(path);
    const at = name.lastIndexOf(PACKAGES);
    if (at === -1) {
      if (text !== null) this.#read.set(name, { path, text });
      return text;
    }
    const inPackage = name.slice(at + PACKAGES.length);
    // Folders above come after this one: a package that is nowhere is asked for last at the root.
    const found =
      text ??
      (resolve(this.#folder, name) === join(parse(this.#folder).root, PACKAGES, inPackage)
        ? this.#readPackage(inPackage)
        : null);
    if (found !== null) this.#read.set(LIBRARY + inPackage, { path: text === null ? undefined : path, text: found });
    return found;
  }

  named(name: string): { readonly file: string; readonly text: string } | undefined {
    const known = this.#read.get(name);
    if (known !== undefined) {
      return { text: known.text, file: known.path === undefined ? name : readablePath(known.path) };
    }
    const inLibrary = name.slice(LIBRARY.length).replace(/\.ts$/, '');
    const text = this.#library[inLibrary] ?? asc.libraryFiles[inLibrary];
    return text === undefined ? undefined : { file: name, text };
  }

  afterParse(parser: Parser): void {
    for (const [name, text] of Object.entries(this.#library)) parser.parseFile(text, `${LIBRARY}${name}.ts`, false);
  }
}

/** Short if it is below the working directory. */
function readablePath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') || isAbsolute(short) ? path : short;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // asc tries several names for each import; what is not there is an answer, anything else is not.
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
