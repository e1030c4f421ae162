/** A function's type: `i` i32, `I` i64, `f` f32, `F` f64, `?` anything else; parameters, a colon, results. `iI:i` takes i32 and i64. */
export type Signature = string;

/** A function that a module imports or exports. */
export interface WasmFunction {
  /** Of imports: the module that it is imported from. */
  readonly module: string;
  readonly name: string;
  readonly signature: Signature;
}

/** What can be seen of a module without running it. */
export interface WasmBinary {
  readonly importedFunctions: readonly WasmFunction[];
  /** Imports that are no functions: `memory env.memory`. */
  readonly otherImports: readonly string[];
  readonly exportedFunctions: readonly WasmFunction[];
  readonly exportsMemory: boolean;
  readonly hasStartSection: boolean;
  /** Where the section with the names stands in the file, its head included. */
  readonly namesSection: { readonly start: number; readonly end: number } | undefined;
  /** Names of functions by index, imports first; empty if the module keeps none. */
  readonly functionNames: ReadonlyMap<number, string>;
  /** Where functions stand in the file, in order: the first is the one after the imports. Offsets as V8 prints them. */
  readonly bodies: readonly { readonly start: number; readonly end: number }[];
}

const CUSTOM = 0;
const TYPE = 1;
const IMPORT = 2;
const FUNCTION = 3;
const EXPORT = 7;
const START = 8;
const CODE = 10;

const KINDS = ['function', 'table', 'memory', 'global', 'tag'] as const;
const VALUE_TYPES: Readonly<Record<number, string>> = { 0x7f: 'i', 0x7e: 'I', 0x7d: 'f', 0x7c: 'F' };

/**
 * Reads the sections of a module (WebAssembly Core Specification, "Binary Format"; the names are of its appendix "Custom Sections").
 *
 * @throws RangeError if it ends too early; what is no module at all is for `WebAssembly.compile` to say
 */
export function readWasmBinary(bytes: Uint8Array): WasmBinary {
  const types: Signature[] = [];
  const functionTypes: number[] = [];
  const importedFunctions: WasmFunction[] = [];
  const otherImports: string[] = [];
  const exported: { readonly name: string; readonly index: number }[] = [];
  const bodies: { start: number; end: number }[] = [];
  let exportsMemory = false;
  let hasStartSection = false;
  let namesSection: WasmBinary['namesSection'];
  let functionNames: ReadonlyMap<number, string> = new Map();

  const reader = new Reader(bytes, 8, bytes.length);
  while (!reader.isAtEnd) {
    const start = reader.at;
    const id = reader.byte();
    const section = reader.part();
    switch (id) {
      case TYPE:
        for (let left = section.u32(); left > 0; left -= 1) types.push(readType(section));
        break;
      case IMPORT:
        for (let left = section.u32(); left > 0; left -= 1) {
          const [module, name] = [section.text(), section.text()];
          const kind = section.byte();
          if (kind === 0) {
            const type = section.u32();
            functionTypes.push(type);
            importedFunctions.push({ module, name, signature: types[type] ?? '?' });
          } else {
            skipImport(section, kind);
            otherImports.push(`${KINDS[kind] ?? 'import'} ${module}.${name}`);
          }
        }
        break;
      case FUNCTION:
        for (let left = section.u32(); left > 0; left -= 1) functionTypes.push(section.u32());
        break;
      case EXPORT:
        for (let left = section.u32(); left > 0; left -= 1) {
          const name = section.text();
          const kind = section.byte();
          const index = section.u32();
          if (KINDS[kind] === 'function') exported.push({ name, index });
          if (KINDS[kind] === 'memory' && name === 'memory') exportsMemory = true;
        }
        break;
      case START:
        hasStartSection = true;
        break;
      case CODE:
        for (let left = section.u32(); left > 0; left -= 1) {
          const body = section.part();
          bodies.push({ start: body.at, end: body.end });
        }
        break;
      case CUSTOM:
        if (section.text() !== 'name') break;
        namesSection = { start, end: section.end };
        functionNames = readNames(section);
        break;
      default:
    }
  }
  return {
    importedFunctions,
    otherImports,
    exportedFunctions: exported.map(({ name, index }) => ({
      module: '',
      name,
      signature: types[functionTypes[index] ?? -1] ?? '?',
    })),
    exportsMemory,
    hasStartSection,
    namesSection,
    functionNames,
    bodies,
  };
}

function readType(section: Reader): Signature {
  // Types of functions begin with 0x60; others (garbage collection) are of no use to a proxy and end the list.
  if (section.byte() !== 0x60) {
    section.at = section.end;
    return '?';
  }
  const values = () => Array.from({ length: section.u32() }, () => VALUE_TYPES[section.byte()] ?? '?').join('');
  return `${values()}:${values()}`;
}

function skipImport(section: Reader, kind: number): void {
  const limits = () => {
    const flags = section.byte();
    section.u32();
    if ((flags & 1) === 1) section.u32();
  };
  switch (KINDS[kind]) {
    case 'table':
      section.byte();
      limits();
      break;
    case 'memory':
      limits();
      break;
    default:
      // A global has a type and whether it changes, a tag an attribute and a type.
      section.byte();
      section.u32();
  }
}

/** The subsection of function names; the others name locals and the like. */
function readNames(section: Reader): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  while (!section.isAtEnd) {
    const id = section.byte();
    const part = section.part();
    if (id !== 1) continue;
    for (let left = part.u32(); left > 0; left -= 1) names.set(part.u32(), part.text());
  }
  return names;
}

/** Numbers and texts, one after the other. */
class Reader {
  at: number;
  readonly end: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    if (this.at >= this.end) throw new RangeError(`Cannot read the module: a section ends too early, at ${this.end}`);
    const value = this.#bytes[this.at] as number;
    this.at += 1;
    return value;
  }

  /** An unsigned number in LEB128. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError(`Cannot read the module: the number at ${this.at - 5} does not end`);
  }

  /** A size, and that many bytes to be read apart. */
  part(): Reader {
    const size = this.u32();
    const end = this.at + size;
    if (end > this.end)
      throw new RangeError(`Cannot read the module: what begins at ${this.at} ends beyond its section`);
    const part = new Reader(this.#bytes, this.at, end);
    this.at = end;
    return part;
  }

  text(): string {
    const part = this.part();
    return new TextDecoder().decode(this.#bytes.subarray(part.at, part.end));
  }
}
