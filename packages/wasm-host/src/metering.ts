import { BULK_BY_LENGTH, Opcode, readInstruction } from './instructions.ts';
import {
  BinaryError,
  BinaryReader,
  BinaryWriter,
  encodeS32,
  encodeU32,
  readSections,
  Section,
  type SectionPlace,
} from './wasm-binary.ts';

/** What a metered module exports beside its own: a variable of 32 bits with what it may still run. */
export const BUDGET_EXPORT = 'heddle_budget';

/** Bytes that an instruction for whole memories moves at the price of one instruction. */
const BYTES_PER_UNIT_LOG2 = 4;

const I32 = 0x7f;
const MUTABLE = 1;
const EMPTY_TYPE = 0x40;
const FUNCTION_TYPE = 0x60;
const EXPORTED_GLOBAL = 3;

/**
 * The module with a meter: each function when it is entered, and each loop when it comes round, takes from a budget as many units as it has
 * instructions, and traps when nothing is left. So a module cannot run without an end: there is no other way to go back in it. See
 * docs/decisions/0051-a-time-limit-without-threads.md.
 *
 *     global.get B · i32.const COST · i32.sub · global.set B · global.get B · i32.const 0 · i32.lt_s · if · unreachable · end
 *
 * @throws BinaryError for a module that cannot be read
 */
export function metered(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const sections = readSections(bytes);
  const section = (id: number) => sections.find((place) => place.id === id);
  const types = parameterCounts(bytes, section(Section.TYPE));
  const imports = importCounts(bytes, section(Section.IMPORT));
  const functions = functionTypes(bytes, section(Section.FUNCTION));
  const budget = imports.globals + countOf(bytes, section(Section.GLOBAL));
  const contents = new Map<number, Uint8Array>([
    [
      Section.GLOBAL,
      withOneMore(bytes, section(Section.GLOBAL), [
        I32,
        MUTABLE,
        Opcode.I32_CONST,
        ...encodeS32(0x7fffffff),
        Opcode.END,
      ]),
    ],
    [
      Section.EXPORT,
      withOneMore(bytes, section(Section.EXPORT), [
        ...encodeU32(BUDGET_EXPORT.length),
        ...new TextEncoder().encode(BUDGET_EXPORT),
        EXPORTED_GLOBAL,
        ...encodeU32(budget),
      ]),
    ],
  ]);
  const code = section(Section.CODE);
  if (code !== undefined) {
    contents.set(
      Section.CODE,
      meteredCode(bytes, code, budget, (index) => types[functions[index] ?? -1] ?? 0),
    );
  }
  const whole = new BinaryWriter();
  whole.push(bytes.subarray(0, sections[0]?.start ?? bytes.length));
  const write = (id: number, content: Uint8Array) => {
    whole.push([id, ...encodeU32(content.length)]);
    whole.push(content);
  };
  const missing = [...contents.keys()].filter((id) => section(id) === undefined);
  for (const place of sections) {
    // A section that is not there yet has its place by its number.
    while (place.id !== 0 && missing[0] !== undefined && rankOf(missing[0]) < rankOf(place.id)) {
      const id = missing.shift() as number;
      write(id, contents.get(id) as Uint8Array);
    }
    const content = contents.get(place.id);
    if (content === undefined) whole.push(bytes.subarray(place.start, place.end));
    else write(place.id, content);
  }
  for (const id of missing) write(id, contents.get(id) as Uint8Array);
  return whole.done();
}

/** The order of sections, which is not that of their numbers: tags stand before globals, and the number of data before the code. */
const ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

function rankOf(id: number): number {
  return ORDER.indexOf(id);
}

function countOf(bytes: Uint8Array, place: SectionPlace | undefined): number {
  return place === undefined ? 0 : new BinaryReader(bytes, place.contentAt).u32();
}

/** A section that is a list, with one thing more at its end. */
function withOneMore(bytes: Uint8Array, place: SectionPlace | undefined, entry: readonly number[]): Uint8Array {
  const content = new BinaryWriter();
  content.push(encodeU32(countOf(bytes, place) + 1));
  if (place !== undefined) {
    const reader = new BinaryReader(bytes, place.contentAt);
    reader.u32();
    content.push(bytes.subarray(reader.at, place.end));
  }
  content.push(entry);
  return content.done();
}

/** How many parameters the functions of each type have. */
function parameterCounts(bytes: Uint8Array, place: SectionPlace | undefined): readonly number[] {
  if (place === undefined) return [];
  const reader = new BinaryReader(bytes, place.contentAt);
  return Array.from({ length: reader.u32() }, () => {
    const form = reader.byte();
    if (form !== FUNCTION_TYPE) throw new BinaryError(`it has a type 0x${form.toString(16)} that is not known`);
    const parameters = reader.u32();
    for (let count = parameters; count > 0; count -= 1) reader.skipNumber();
    for (let count = reader.u32(); count > 0; count -= 1) reader.skipNumber();
    return parameters;
  });
}

function importCounts(bytes: Uint8Array, place: SectionPlace | undefined): { readonly globals: number } {
  let globals = 0;
  if (place === undefined) return { globals };
  const reader = new BinaryReader(bytes, place.contentAt);
  const limits = () => {
    const hasMaximum = (reader.byte() & 1) !== 0;
    reader.skipNumber();
    if (hasMaximum) reader.skipNumber();
  };
  for (let count = reader.u32(); count > 0; count -= 1) {
    reader.skipBytes();
    reader.skipBytes();
    const kind = reader.byte();
    switch (kind) {
      case 0: // a function: its type
        reader.u32();
        break;
      case 1: // a table: what it holds, and how many
        reader.skipNumber();
        limits();
        break;
      case 2: // a memory
        limits();
        break;
      case 3: // a global: its type, and whether it changes
        reader.skipNumber();
        reader.byte();
        globals += 1;
        break;
      case 4: // an exception's tag
        reader.byte();
        reader.u32();
        break;
      default:
        throw new BinaryError(`it has an import of a kind ${kind} that is not known`);
    }
  }
  return { globals };
}

function functionTypes(bytes: Uint8Array, place: SectionPlace | undefined): readonly number[] {
  if (place === undefined) return [];
  const reader = new BinaryReader(bytes, place.contentAt);
  return Array.from({ length: reader.u32() }, () => reader.u32());
}

function meteredCode(
  bytes: Uint8Array,
  place: SectionPlace,
  budget: number,
  parametersOf: (index: number) => number,
): Uint8Array {
  const content = new BinaryWriter();
  const reader = new BinaryReader(bytes, place.contentAt);
  const count = reader.u32();
  content.push(encodeU32(count));
  for (let index = 0; index < count; index += 1) {
    const end = reader.u32() + reader.at;
    const body = meteredBody(bytes, reader.at, end, budget, parametersOf(index));
    content.push(encodeU32(body.length));
    content.push(body);
    reader.at = end;
  }
  return content.done();
}

/** Where something is put into a function's code. */
interface Insertion {
  readonly at: number;
  /** How many instructions are paid for here; or the length that is on top of the stack. */
  cost: number | 'length';
}

function meteredBody(bytes: Uint8Array, start: number, end: number, budget: number, parameters: number): Uint8Array {
  const reader = new BinaryReader(bytes, start);
  const groups = reader.u32();
  const groupsAt = reader.at;
  let locals = parameters;
  for (let count = groups; count > 0; count -= 1) {
    locals += reader.u32();
    reader.skipNumber();
  }
  const codeAt = reader.at;
  const insertions = insertionsOf(reader, codeAt, end);
  const hasLengths = insertions.some(({ cost }) => cost === 'length');
  const body = new BinaryWriter();
  body.push(encodeU32(hasLengths ? groups + 1 : groups));
  body.push(bytes.subarray(groupsAt, codeAt));
  if (hasLengths) body.push([1, I32]);
  let at = codeAt;
  for (const { at: until, cost } of insertions) {
    body.push(bytes.subarray(at, until));
    body.push(cost === 'length' ? payForLength(budget, locals) : pay(budget, [Opcode.I32_CONST, ...encodeS32(cost)]));
    at = until;
  }
  body.push(bytes.subarray(at, end));
  return body.done();
}

/** Finds what is to be paid for where: the function's own instructions at its beginning, those of a loop at its beginning. */
function insertionsOf(reader: BinaryReader, codeAt: number, end: number): readonly Insertion[] {
  const entry: Insertion = { at: codeAt, cost: 0 };
  const insertions = [entry];
  /** The blocks that are open, each with who pays for what is in it. */
  const blocks: Insertion[] = [entry];
  while (reader.at < end) {
    const start = reader.at;
    const { opcode, sub } = readInstruction(reader);
    const payer = blocks.at(-1);
    if (payer === undefined) throw new BinaryError(`a function goes on at ${start} behind its end`);
    (payer.cost as number) += 1;
    switch (opcode) {
      case Opcode.LOOP: {
        const loop: Insertion = { at: reader.at, cost: 0 };
        insertions.push(loop);
        blocks.push(loop);
        break;
      }
      case Opcode.BLOCK:
      case Opcode.IF:
      case Opcode.TRY:
      case Opcode.TRY_TABLE:
        blocks.push(payer);
        break;
      case Opcode.END:
      case Opcode.DELEGATE:
        blocks.pop();
        break;
      case Opcode.BULK:
        if (sub !== undefined && BULK_BY_LENGTH.has(sub)) insertions.push({ at: start, cost: 'length' });
        break;
      default:
    }
  }
  return insertions;
}

/** Takes what `amount` computes from the budget, and traps if there was not enough. */
function pay(budget: number, amount: readonly number[]): readonly number[] {
  const global = encodeU32(budget);
  return [
    ...[Opcode.GLOBAL_GET, ...global, ...amount, Opcode.I32_SUB, Opcode.GLOBAL_SET, ...global],
    ...[Opcode.GLOBAL_GET, ...global, Opcode.I32_CONST, 0, Opcode.I32_LT_S],
    ...[Opcode.IF, EMPTY_TYPE, Opcode.UNREACHABLE, Opcode.END],
  ];
}

function payForLength(budget: number, local: number): readonly number[] {
  const length = encodeU32(local);
  return [
    ...[Opcode.LOCAL_TEE, ...length],
    ...pay(budget, [Opcode.LOCAL_GET, ...length, Opcode.I32_CONST, BYTES_PER_UNIT_LOG2, Opcode.I32_SHR_U]),
  ];
}
