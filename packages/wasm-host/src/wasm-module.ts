import { ABI_VERSIONS, type AbiVersion } from './abi.ts';

/** What is wrong with a module. */
export type ModuleErrorCode =
  | 'malformed'
  | 'start-section'
  | 'abi-version'
  | 'no-allocator'
  | 'no-memory'
  | 'too-much-memory'
  | 'imports'
  | 'initialisation';

/** Why a file is no module that a proxy would run. */
export class ModuleError extends Error {
  readonly code: ModuleErrorCode;

  constructor(code: ModuleErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ModuleError';
    this.code = code;
  }
}

/** A compiled module, found fit. */
export interface WasmModule {
  readonly module: WebAssembly.Module;
  readonly abiVersion: AbiVersion;
  /** Names of the functions that it exports. */
  readonly exports: ReadonlySet<string>;
  /** Bytes of the file. */
  readonly size: number;
  /** SHA-256 of the file, in hexadecimal: modules of one digest are the same. */
  readonly digest: string;
}

/** See {@link loadModule}. */
export interface LoadModuleOptions {
  /** What the module's memory may grow to, in bytes; default 64 MiB. */
  readonly maxMemoryBytes?: number;
}

const PAGE = 64 * 1024;
const MEMORY_SECTION = 5;
const START_SECTION = 8;
const HEADER_BYTES = 8;

/**
 * Compiles a Proxy-Wasm module and checks what can be seen from outside: its version of the ABI, an allocator, and that it has no start
 * section (functions that run before the proxy can answer them: Envoy dies of a hostcall there).
 *
 * @throws ModuleError
 */
export async function loadModule(bytes: Uint8Array<ArrayBuffer>, options: LoadModuleOptions = {}): Promise<WasmModule> {
  const maxMemoryBytes = options.maxMemoryBytes ?? 64 * 1024 * 1024;
  const sections = readSections(bytes);
  if (sections.some(({ id }) => id === START_SECTION)) {
    throw new ModuleError(
      'start-section',
      'Cannot use the module: it has a start section, whose functions run before the host can answer them; wanted them in ' +
        'an exported "_initialize" (asc --exportStart _initialize)',
    );
  }
  let module: WebAssembly.Module;
  try {
    module = await WebAssembly.compile(withMemoryLimit(bytes, sections, Math.floor(maxMemoryBytes / PAGE)));
  } catch (cause) {
    throw new ModuleError('malformed', `Cannot compile the module: ${(cause as Error).message}`, { cause });
  }
  const exports = new Set(
    WebAssembly.Module.exports(module).flatMap(({ kind, name }) => (kind === 'function' ? [name] : [])),
  );
  const abiVersion = ABI_VERSIONS.findLast((version) =>
    exports.has(`proxy_abi_version_${version.replaceAll('.', '_')}`),
  );
  if (abiVersion === undefined) {
    const found = [...exports].filter((name) => name.startsWith('proxy_abi_version_')).join(', ') || 'none';
    throw new ModuleError(
      'abi-version',
      `Cannot use the module: wanted the marker of Proxy-Wasm ABI ${ABI_VERSIONS.join(', ')} among its exports, found ${found}`,
    );
  }
  if (!exports.has('malloc') && !exports.has('proxy_on_memory_allocate')) {
    throw new ModuleError(
      'no-allocator',
      'Cannot use the module: wanted "malloc" or "proxy_on_memory_allocate" among its exports, found neither',
    );
  }
  if (!WebAssembly.Module.exports(module).some(({ kind, name }) => kind === 'memory' && name === 'memory')) {
    throw new ModuleError('no-memory', 'Cannot use the module: wanted a memory among its exports, found none');
  }
  const digest = Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
  return { module, abiVersion, exports, size: bytes.length, digest };
}

interface Section {
  readonly id: number;
  /** Where the section's id stands. */
  readonly start: number;
  readonly contentAt: number;
  readonly end: number;
}

/** The sections of a module (WebAssembly Core Specification, "Modules" in the binary format). */
function readSections(bytes: Uint8Array): readonly Section[] {
  const sections: Section[] = [];
  for (let at = HEADER_BYTES; at < bytes.length; ) {
    const start = at;
    const id = bytes[at] as number;
    const { value: size, next } = readU32(bytes, at + 1);
    const end = next + size;
    if (end > bytes.length)
      throw new ModuleError('malformed', `Cannot read the module: a section at ${start} ends beyond the file`);
    sections.push({ id, start, contentAt: next, end });
    at = end;
  }
  return sections;
}

/** The module with a limit on its own memory, so that it cannot take the process's. */
function withMemoryLimit(
  bytes: Uint8Array<ArrayBuffer>,
  sections: readonly Section[],
  maxPages: number,
): Uint8Array<ArrayBuffer> {
  const section = sections.find(({ id }) => id === MEMORY_SECTION);
  if (section === undefined) return bytes;
  const { value: count, next: flagsAt } = readU32(bytes, section.contentAt);
  if (count !== 1) return bytes;
  const hasMax = bytes[flagsAt] === 1;
  // Shared and 64-bit memories are not for filters; the compiler says so.
  if (!hasMax && bytes[flagsAt] !== 0) return bytes;
  const { value: min, next: maxAt } = readU32(bytes, flagsAt + 1);
  const own = hasMax ? readU32(bytes, maxAt).value : maxPages;
  if (min > maxPages) {
    throw new ModuleError(
      'too-much-memory',
      `Cannot use the module: it wants ${min * PAGE} bytes of memory to begin with, at most ${maxPages * PAGE} are allowed`,
    );
  }
  const content = [...writeU32(1), 1, ...writeU32(min), ...writeU32(Math.min(own, maxPages))];
  const head = [MEMORY_SECTION, ...writeU32(content.length)];
  const limited = new Uint8Array(section.start + head.length + content.length + bytes.length - section.end);
  limited.set(bytes.subarray(0, section.start));
  limited.set(head, section.start);
  limited.set(content, section.start + head.length);
  limited.set(bytes.subarray(section.end), section.start + head.length + content.length);
  return limited;
}

function readU32(bytes: Uint8Array, start: number): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let shift = 0, at = start; shift < 35; shift += 7, at += 1) {
    const byte = bytes[at];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, next: at + 1 };
  }
  throw new ModuleError('malformed', `Cannot read the module: the number at ${start} does not end`);
}

function writeU32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return bytes;
}
