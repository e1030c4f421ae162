import { pointerOf } from "./bytes";

/** What an instruction does. The first three take a character. */
export const enum Op {
  /** This one: `first`. */
  CHARACTER,
  /** One of (or, with `second`, none of) the ranges of class `first`. */
  CLASS,
  /** Any but a line feed. */
  ANY,
  /** Go to `first`. */
  JUMP,
  /** Go to `first`, or else to `second`. */
  SPLIT,
  /** Note the place in slot `first`. */
  SAVE,
  START,
  END,
  BOUNDARY,
  NO_BOUNDARY,
  MATCH,
}

const SIZE: i32 = 12;

/** Instructions of 12 bytes (operation, first, second), and classes as lists of ranges. */
export class Program {
  length: i32 = 0;
  groups: i32 = 0;
  ignoresCase: bool = false;
  private code: ArrayBuffer = new ArrayBuffer(32 * SIZE);
  /** Of each class its ranges: lowest, highest, lowest, highest. */
  private readonly classes: StaticArray<u32>[] = [];

  @inline op(pc: u32): Op { return load<u32>(changetype<usize>(this.code) + pc * SIZE); }
  @inline first(pc: u32): u32 { return load<u32>(changetype<usize>(this.code) + pc * SIZE, 4); }
  @inline second(pc: u32): u32 { return load<u32>(changetype<usize>(this.code) + pc * SIZE, 8); }

  emit(op: Op, first: u32 = 0, second: u32 = 0): void {
    const used = this.length * SIZE;
    if (used == this.code.byteLength) {
      const larger = new ArrayBuffer(used << 1);
      memory.copy(pointerOf(larger), pointerOf(this.code), used);
      this.code = larger;
    }
    const at = pointerOf(this.code) + used;
    store<u32>(at, op);
    store<u32>(at, first, 4);
    store<u32>(at, second, 8);
    this.length++;
  }

  setTargets(pc: i32, first: u32, second: u32): void {
    const at = pointerOf(this.code) + pc * SIZE;
    store<u32>(at, first, 4);
    store<u32>(at, second, 8);
  }

  setOp(pc: i32, op: Op): void {
    store<u32>(pointerOf(this.code) + pc * SIZE, op);
  }

  addClass(ranges: u32[]): u32 {
    this.classes.push(StaticArray.fromArray(ranges));
    return this.classes.length - 1;
  }

  /** Makes room for `count` instructions before `pc`; what pointed behind it follows. */
  insert(pc: i32, count: i32): void {
    const from = this.length;
    for (let index = 0; index < count; index++) this.emit(Op.JUMP);
    const code = pointerOf(this.code);
    memory.copy(code + (pc + count) * SIZE, code + pc * SIZE, (from - pc) * SIZE);
    this.shift(pc + count, from + count, pc, count);
  }

  /** Appends a copy of the instructions from `start` to `end`, whose targets are among them or right behind. */
  copy(start: i32, end: i32): void {
    const offset = this.length - start;
    for (let pc = start; pc < end; pc++) {
      const op = this.op(pc);
      const moves = op == Op.JUMP || op == Op.SPLIT;
      this.emit(op, this.first(pc) + (moves ? offset : 0), this.second(pc) + (op == Op.SPLIT ? offset : 0));
    }
  }

  truncate(length: i32): void {
    this.length = length;
  }

  /** Whether an instruction takes this character. */
  takes(pc: u32, character: i32, ignoresCase: bool): bool {
    const op = this.op(pc);
    if (op == Op.ANY) return character != 0x0a;
    if (op == Op.CHARACTER) return character == this.first(pc) || (ignoresCase && otherCase(character) == this.first(pc));
    const ranges = this.classes[this.first(pc)];
    const isIn = contains(ranges, character) || (ignoresCase && contains(ranges, otherCase(character)));
    return isIn == (this.second(pc) == 0);
  }

  private shift(start: i32, end: i32, from: i32, count: i32): void {
    for (let pc = start; pc < end; pc++) {
      const op = this.op(pc);
      if (op != Op.JUMP && op != Op.SPLIT) continue;
      const first = this.first(pc);
      const second = this.second(pc);
      this.setTargets(pc, first >= <u32>from ? first + count : first, op == Op.SPLIT && second >= <u32>from ? second + count : second);
    }
  }
}

function contains(ranges: StaticArray<u32>, character: u32): bool {
  for (let index = 0; index < ranges.length; index += 2) {
    if (character >= ranges[index] && character <= ranges[index + 1]) return true;
  }
  return false;
}

function otherCase(character: u32): u32 {
  const letter = character | 0x20;
  return letter >= 0x61 && letter <= 0x7a ? character ^ 0x20 : character;
}
