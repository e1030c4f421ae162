import { BinaryError, type BinaryReader } from './wasm-binary.ts';

/** Instructions that the host looks at; their codes (WebAssembly Core Specification, "Instructions" in the binary format). */
export const Opcode = {
  UNREACHABLE: 0x00,
  BLOCK: 0x02,
  LOOP: 0x03,
  IF: 0x04,
  TRY: 0x06,
  END: 0x0b,
  DELEGATE: 0x18,
  TRY_TABLE: 0x1f,
  LOCAL_GET: 0x20,
  LOCAL_TEE: 0x22,
  GLOBAL_GET: 0x23,
  GLOBAL_SET: 0x24,
  I32_CONST: 0x41,
  I32_LT_S: 0x48,
  I32_SUB: 0x6b,
  I32_SHR_U: 0x76,
  BULK: 0xfc,
} as const;

/** Instructions of {@link Opcode.BULK} that take as long as their last argument says. */
export const BULK_BY_LENGTH: ReadonlySet<number> = new Set([8, 10, 11, 12, 14, 17]);

/** What stands behind an instruction. */
type Immediates = 'none' | 'index' | 'two indices' | 'memory' | 'number' | 'byte' | 'four bytes' | 'eight bytes';

function immediatesOf(opcode: number): Immediates | undefined {
  if (opcode >= 0x45 && opcode <= 0xc4) return 'none';
  if (opcode >= 0x28 && opcode <= 0x3e) return 'memory';
  if (opcode >= 0x20 && opcode <= 0x26) return 'index';
  switch (opcode) {
    case 0x00: // unreachable
    case 0x01: // nop
    case 0x05: // else
    case 0x0a: // throw_ref
    case 0x0b: // end
    case 0x0f: // return
    case 0x19: // catch_all
    case 0x1a: // drop
    case 0x1b: // select
    case 0xd1: // ref.is_null
      return 'none';
    case 0x02: // block
    case 0x03: // loop
    case 0x04: // if
    case 0x06: // try
    case 0x41: // i32.const
    case 0x42: // i64.const
    case 0xd0: // ref.null
      return 'number';
    case 0x07: // catch
    case 0x08: // throw
    case 0x09: // rethrow
    case 0x0c: // br
    case 0x0d: // br_if
    case 0x10: // call
    case 0x12: // return_call
    case 0x18: // delegate
    case 0xd2: // ref.func
    case 0x3f: // memory.size
    case 0x40: // memory.grow
      return 'index';
    case 0x11: // call_indirect
    case 0x13: // return_call_indirect
      return 'two indices';
    case 0x43: // f32.const
      return 'four bytes';
    case 0x44: // f64.const
      return 'eight bytes';
    default:
      return undefined;
  }
}

/** One instruction: its code, and the second code of those that have one. */
export interface Instruction {
  readonly opcode: number;
  readonly sub: number | undefined;
}

/**
 * Reads one instruction with all that belongs to it.
 *
 * @throws BinaryError for one that is not known
 */
export function readInstruction(reader: BinaryReader): Instruction {
  const start = reader.at;
  const opcode = reader.byte();
  const immediates = immediatesOf(opcode);
  if (immediates !== undefined) {
    skipImmediates(reader, immediates);
    return { opcode, sub: undefined };
  }
  const unknown = () => new BinaryError(`it has an instruction 0x${opcode.toString(16)} at ${start} that is not known`);
  switch (opcode) {
    case 0x0e: {
      // br_table
      for (let count = reader.u32() + 1; count > 0; count -= 1) reader.u32();
      return { opcode, sub: undefined };
    }
    case 0x1c: {
      // select with types
      for (let count = reader.u32(); count > 0; count -= 1) reader.skipNumber();
      return { opcode, sub: undefined };
    }
    case 0x1f: {
      // try_table: a type, then where to go for which exception
      reader.skipNumber();
      for (let count = reader.u32(); count > 0; count -= 1) {
        if (reader.byte() <= 1) reader.u32();
        reader.u32();
      }
      return { opcode, sub: undefined };
    }
    case 0xfc:
      return { opcode, sub: bulk(reader, unknown) };
    case 0xfd:
      return { opcode, sub: vector(reader) };
    case 0xfe:
      return { opcode, sub: atomic(reader) };
    default:
      throw unknown();
  }
}

function skipImmediates(reader: BinaryReader, immediates: Immediates): void {
  switch (immediates) {
    case 'none':
      return;
    case 'index':
      reader.u32();
      return;
    case 'two indices':
      reader.u32();
      reader.u32();
      return;
    case 'memory': {
      // Alignment, with a bit for a memory that is not the first, and offset.
      if ((reader.u32() & 0x40) !== 0) reader.u32();
      reader.skipNumber();
      return;
    }
    case 'number':
      reader.skipNumber();
      return;
    case 'byte':
      reader.skip(1);
      return;
    case 'four bytes':
      reader.skip(4);
      return;
    case 'eight bytes':
      reader.skip(8);
      return;
  }
}

/** Conversions that saturate, and what works on memories and tables as a whole. */
function bulk(reader: BinaryReader, unknown: () => BinaryError): number {
  const sub = reader.u32();
  if (sub <= 7) return sub;
  if (sub > 17) throw unknown();
  const hasTwo = sub === 8 || sub === 10 || sub === 12 || sub === 14;
  skipImmediates(reader, hasTwo ? 'two indices' : 'index');
  return sub;
}

/** 128-bit vectors. */
function vector(reader: BinaryReader): number {
  const sub = reader.u32();
  const isLane = (sub >= 21 && sub <= 34) || (sub >= 84 && sub <= 91);
  const isMemory = sub <= 11 || (sub >= 84 && sub <= 93);
  if (isMemory) skipImmediates(reader, 'memory');
  if (sub === 12 || sub === 13) reader.skip(16);
  if (isLane) skipImmediates(reader, 'byte');
  return sub;
}

function atomic(reader: BinaryReader): number {
  const sub = reader.u32();
  skipImmediates(reader, sub === 3 ? 'byte' : 'memory');
  return sub;
}
