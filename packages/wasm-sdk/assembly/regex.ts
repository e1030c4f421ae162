import { pointerOf, textAt, toBytes } from "./bytes";
import { RegexCompiler } from "./regex-compiler";
import { Op, Program } from "./regex-program";
import { utf8Character, utf8Length } from "./utf8";

/**
 * A regular expression whose matching takes time proportional to the length of the text times that of the pattern, whatever they are
 * (Thompson's construction, Pike's simulation). What the syntax has, with the meaning of RE2:
 *
 * - characters, `.` (all but a line feed), `\` before punctuation, `\n \r \t \f \v`, `\xHH`, `\x{H…}`
 * - classes `[a-z]`, `[^a-z]`, `\d \D \w \W \s \S` (ASCII), these inside classes too
 * - `^` and `$` (of the whole text), `\b` and `\B` (ASCII)
 * - `ab`, `a|b`, `(a)`, `(?:a)`, `(?P<name>a)`, `(?<name>a)` (names are ignored), `(?i)` in front of everything: without regard to ASCII case
 * - `* + ? {n} {n,} {n,m}` up to 1000, each also lazy (`*?`)
 *
 * There are no back references and nothing that looks around. A pattern that is wrong, or larger than 4,000 instructions, is data:
 *
 *     const pattern = Regex.compile(text);
 *     if (pattern.error.length > 0) return refuse(pattern.error);
 *     if (pattern.isMatch(path)) …
 */
export class Regex {
  /** What is wrong with the pattern; empty if nothing is. A wrong one matches nothing. */
  readonly error: string;
  private readonly program: Program;

  private constructor(compiler: RegexCompiler) {
    this.error = compiler.error;
    this.program = compiler.program;
  }

  static compile(pattern: string): Regex {
    const compiler = new RegexCompiler(pattern);
    compiler.compile();
    return new Regex(compiler);
  }

  /** Whether there is a match anywhere in the text (or UTF-8). What is not UTF-8 in it counts as U+FFFD, byte by byte. */
  isMatch<T>(text: T): bool {
    if (this.error.length > 0) return false;
    return new Matcher(this.program, toBytes<T>(text), 0).run(false);
  }

  /** Whether the text as a whole is a match. */
  isFullMatch<T>(text: T): bool {
    if (this.error.length > 0) return false;
    return new Matcher(this.program, toBytes<T>(text), 0).run(true);
  }

  /** The leftmost match with its groups, as Perl and ECMAScript would prefer it; null if there is none. */
  find<T>(text: T): RegexMatch | null {
    if (this.error.length > 0) return null;
    const bytes = toBytes<T>(text);
    const matcher = new Matcher(this.program, bytes, (this.program.groups + 1) << 1);
    return matcher.run(false) ? new RegexMatch(bytes, matcher.found, this.program.groups) : null;
  }
}

/** Where a match is. Offsets count bytes of UTF-8. */
export class RegexMatch {
  constructor(private readonly bytes: ArrayBuffer, private readonly slots: ArrayBuffer, readonly groups: i32) {}

  /** Where a group starts, or -1 if it took no part; group 0 is the match. */
  start(group: i32): i32 {
    return group < 0 || group > this.groups ? -1 : load<i32>(pointerOf(this.slots) + (group << 3));
  }

  /** Where a group ends, or -1. */
  end(group: i32): i32 {
    return group < 0 || group > this.groups ? -1 : load<i32>(pointerOf(this.slots) + (group << 3), 4);
  }

  /** The text of a group, or null if it took no part. */
  text(group: i32): string | null {
    const start = this.start(group);
    const end = this.end(group);
    return start < 0 || end < start ? null : textAt(pointerOf(this.bytes) + start, end - start);
  }
}

/**
 * The threads of one match, in order of preference. A list is
 *
 *     u32 count, then count x (u32 instruction, i32 x slots)
 *
 * and an instruction is in it at most once, told by the step in which it was put there last.
 */
class Matcher {
  /** The slots of the best match so far. */
  readonly found: ArrayBuffer;
  private readonly lists: ArrayBuffer;
  private readonly seen: ArrayBuffer;
  /** What is still to be followed: instructions, and slots to be put back (with a flag, and the value before). */
  private readonly stack: ArrayBuffer;
  private readonly current: ArrayBuffer;
  private readonly width: i32;
  private step: u32 = 0;

  constructor(private readonly program: Program, private readonly text: ArrayBuffer, private readonly slots: i32) {
    const length = program.length;
    const width = 4 + (slots << 2);
    this.width = width;
    this.found = new ArrayBuffer(slots << 2);
    this.lists = new ArrayBuffer((4 + length * width) << 1);
    this.seen = new ArrayBuffer(length << 2);
    this.stack = new ArrayBuffer((length + 1) * 24);
    this.current = new ArrayBuffer(slots << 2);
  }

  run(isWhole: bool): bool {
    const text = pointerOf(this.text);
    const size = this.text.byteLength;
    const program = this.program;
    const ignoresCase = program.ignoresCase;
    let list = pointerOf(this.lists);
    let next = list + 4 + program.length * this.width;
    store<u32>(list, 0);
    let at = 0;
    let isFound = false;
    let wasWord = false;
    this.step = 1;
    while (true) {
      let character: i32 = -1;
      let length = 0;
      if (at < size) {
        length = utf8Length(text + at, text + size);
        character = length == 0 ? 0xfffd : <i32>utf8Character(text + at, length);
        length = max(length, 1);
      }
      const isWordHere = isWord(character);
      // A match may begin here, unless one has been found that begins earlier.
      if (!isFound && (at == 0 || !isWhole)) {
        memory.fill(pointerOf(this.current), 0xff, this.slots << 2);
        this.add(list, 0, at, size, wasWord, isWordHere);
      }
      const count = load<u32>(list);
      if (count == 0 && (isFound || isWhole)) break;
      store<u32>(next, 0);
      this.step++;
      const nextAt = at + length;
      let nextIsWord = false;
      if (nextAt < size) {
        const following = utf8Length(text + nextAt, text + size);
        nextIsWord = following == 1 && isWord(load<u8>(text + nextAt));
      }
      for (let index: u32 = 0; index < count; index++) {
        const thread = list + 4 + index * this.width;
        const instruction = load<u32>(thread);
        const op = program.op(instruction);
        if (op == Op.MATCH) {
          if (isWhole && at < size) continue;
          if (this.slots == 0) return true;
          isFound = true;
          memory.copy(pointerOf(this.found), thread + 4, this.slots << 2);
          // What comes behind in the list is preferred less.
          break;
        }
        if (character < 0 || !program.takes(instruction, character, ignoresCase)) continue;
        memory.copy(pointerOf(this.current), thread + 4, this.slots << 2);
        this.add(next, instruction + 1, nextAt, size, isWordHere, nextIsWord);
      }
      if (at >= size) break;
      const swap = list;
      list = next;
      next = swap;
      at = nextAt;
      wasWord = isWordHere;
    }
    return isFound;
  }

  /** Puts an instruction, and all that is reached from it without a character, into a list. */
  private add(list: usize, instruction: u32, at: i32, size: i32, wasWord: bool, isWordHere: bool): void {
    const stack = pointerOf(this.stack);
    const seen = pointerOf(this.seen);
    const current = pointerOf(this.current);
    let depth: usize = 0;
    store<u32>(stack, instruction);
    store<i32>(stack, -1, 4);
    depth = 1;
    while (depth > 0) {
      depth--;
      const top = stack + depth * 12;
      const slot = load<i32>(top, 4);
      if (slot >= 0) {
        store<i32>(current + (slot << 2), load<i32>(top, 8));
        continue;
      }
      let pc = load<u32>(top);
      while (true) {
        if (load<u32>(seen + (pc << 2)) == this.step) break;
        store<u32>(seen + (pc << 2), this.step);
        const op = this.program.op(pc);
        if (op == Op.JUMP) {
          pc = this.program.first(pc);
          continue;
        }
        if (op == Op.SPLIT) {
          const entry = stack + depth * 12;
          store<u32>(entry, this.program.second(pc));
          store<i32>(entry, -1, 4);
          depth++;
          pc = this.program.first(pc);
          continue;
        }
        if (op == Op.SAVE) {
          const place = <i32>this.program.first(pc);
          if (place < this.slots) {
            const entry = stack + depth * 12;
            store<i32>(entry, place, 4);
            store<i32>(entry, load<i32>(current + (place << 2)), 8);
            depth++;
            store<i32>(current + (place << 2), at);
          }
          pc++;
          continue;
        }
        if (op == Op.START || op == Op.END || op == Op.BOUNDARY || op == Op.NO_BOUNDARY) {
          const holds = op == Op.START ? at == 0 : op == Op.END ? at == size : (wasWord != isWordHere) == (op == Op.BOUNDARY);
          if (!holds) break;
          pc++;
          continue;
        }
        const count = load<u32>(list);
        const thread = list + 4 + count * this.width;
        store<u32>(thread, pc);
        memory.copy(thread + 4, current, this.slots << 2);
        store<u32>(list, count + 1);
        break;
      }
    }
  }
}

function isWord(character: i32): bool {
  const letter = character | 0x20;
  return (letter >= 0x61 && letter <= 0x7a) || (character >= 0x30 && character <= 0x39) || character == 0x5f;
}
