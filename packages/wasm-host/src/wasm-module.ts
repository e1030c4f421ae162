import { ABI_VERSIONS, type AbiVersion } from './abi.ts';
import { metered } from './metering.ts';
import { BinaryError, BinaryReader, BinaryWriter, encodeU32, readSections, Section } from './wasm-binary.ts';

/** What is wrong with a module. */
export type ModuleErrorCode =
  | 'malformed'
  | 'start-section'
  | 'abi-version'
  | 'no-allocator'
  | 'no-memory'
  | 'too-much-memory'
  | 'unsupported-memory'
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
  /** Whether a VM can end callbacks of it that run too long. */
  readonly isMetered: boolean;
}

/** See {@link loadModule}. */
export interface LoadModuleOptions {
  /** What the module's memory may grow to, in bytes; default 64 MiB. */
  readonly maxMemoryBytes?: number;
  /**
   * Whether a VM can end callbacks of it that run too long (`timeLimitMs`); default true. The meter moves the offsets that traces of traps
   * name.
   */
  readonly isMetered?: boolean;
}

const PAGE = 64 * 1024;

/** How a module begins: `\0asm`, and the version of the format. */
const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

const hexadecimal = (byte: number) => byte.toString(16).padStart(2, '0');

/**
 * Compiles a Proxy-Wasm module and checks what can be seen from outside: its version of the ABI, an allocator, and that it has no start
 * section (functions that run before the proxy can answer them: Envoy dies of a hostcall there).
 *
 * @throws ModuleError
 */
export async function loadModule(bytes: Uint8Array<ArrayBuffer>, options: LoadModuleOptions = {}): Promise<WasmModule> {
  const maxMemoryBytes = options.maxMemoryBytes ?? 64 * 1024 * 1024;
  const isMetered = options.isMetered ?? true;
  const limited = limitedModule(bytes, Math.floor(maxMemoryBytes / PAGE), isMetered);
  let module: WebAssembly.Module;
  try {
    module = await WebAssembly.compile(limited);
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
  const digest = Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), hexadecimal).join('');
  return { module, abiVersion, exports, size: bytes.length, digest, isMetered };
}

/**
 * The module with a limit on its own memory, so that it cannot take the process's.
 *
 * @throws BinaryError
 * @throws ModuleError for memories that cannot be limited
 */
function withMemoryLimit(bytes: Uint8Array<ArrayBuffer>, maxPages: number): Uint8Array<ArrayBuffer> {
  const section = readSections(bytes).find(({ id }) => id === Section.MEMORY);
  if (section === undefined) return bytes;
  const reader = new BinaryReader(bytes, section.contentAt);
  const count = reader.u32();
  const flags = reader.byte();
  // A proxy has no use for others, and what is not understood here would have no limit.
  if (count > 1 || flags > 1) {
    const found = count > 1 ? `${count}` : 'one that is shared or has 64-bit addresses';
    throw new ModuleError(
      'unsupported-memory',
      `Cannot use the module: wanted one plain memory of 32 bits, found ${found}`,
    );
  }
  if (count === 0) return bytes;
  const min = reader.u32();
  const own = flags === 1 ? reader.u32() : maxPages;
  if (min > maxPages) {
    throw new ModuleError(
      'too-much-memory',
      `Cannot use the module: it wants ${min * PAGE} bytes of memory to begin with, at most ${maxPages * PAGE} are allowed`,
    );
  }
  const content = [...encodeU32(1), 1, ...encodeU32(min), ...encodeU32(Math.min(own, maxPages))];
  const limited = new BinaryWriter();
  limited.push(bytes.subarray(0, section.start));
  limited.push([Section.MEMORY, ...encodeU32(content.length), ...content]);
  limited.push(bytes.subarray(section.end));
  return limited.done();
}

/** The module as it is run: with limits. */
function limitedModule(bytes: Uint8Array<ArrayBuffer>, maxPages: number, isMetered: boolean): Uint8Array<ArrayBuffer> {
  try {
    if (MAGIC.some((byte, index) => bytes[index] !== byte)) {
      const found = Array.from(bytes.subarray(0, MAGIC.length), hexadecimal).join(' ');
      throw new BinaryError(`wanted ${MAGIC.map(hexadecimal).join(' ')} at its beginning, found ${found || 'nothing'}`);
    }
    if (readSections(bytes).some(({ id }) => id === Section.START)) {
      throw new ModuleError(
        'start-section',
        'Cannot use the module: it has a start section, whose functions run before the host can answer them; wanted them in ' +
          'an exported "_initialize" (asc --exportStart _initialize)',
      );
    }
    const limited = withMemoryLimit(bytes, maxPages);
    return isMetered ? metered(limited) : limited;
  } catch (cause) {
    if (!(cause instanceof BinaryError)) throw cause;
    throw new ModuleError('malformed', `Cannot read the module: ${cause.message}`, { cause });
  }
}
