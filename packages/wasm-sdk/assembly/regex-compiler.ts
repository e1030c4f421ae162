import { hexDigit } from "./hex";
import { Op, Program } from "./regex-program";

const MAX_INSTRUCTIONS: i32 = 4000;
const MAX_REPEAT: i32 = 1000;
const MAX_DEPTH: i32 = 100;
const UNBOUNDED: i32 = -1;

/** Makes instructions of a pattern, in one pass. What has an error is left as it is. */
export class RegexCompiler {
  readonly program: Program = new Program();
  error: string = "";
  private at: i32 = 0;
  private depth: i32 = 0;

  constructor(private readonly pattern: string) {}

  compile(): void {
    if (this.pattern.startsWith("(?i)")) {
      this.program.ignoresCase = true;
      this.at = 4;
    }
    this.program.emit(Op.SAVE, 0);
    this.alternatives();
    if (this.error.length == 0 && this.at < this.pattern.length) this.fail('")" without "("');
    this.program.emit(Op.SAVE, 1);
    this.program.emit(Op.MATCH);
  }

  private fail(problem: string): void {
    if (this.error.length == 0) this.error = problem + " at character " + (this.at + 1).toString();
  }

  private peek(offset: i32 = 0): i32 {
    const at = this.at + offset;
    return at < this.pattern.length ? this.pattern.charCodeAt(at) : -1;
  }

  private alternatives(): void {
    const program = this.program;
    const jumps: i32[] = [];
    let start = program.length;
    this.sequence();
    while (this.peek() == 0x7c && this.error.length == 0) {
      this.at++;
      // SPLIT first, second; first: …; JUMP end; second: …; end:
      program.insert(start, 1);
      program.setOp(start, Op.SPLIT);
      jumps.push(program.length);
      program.emit(Op.JUMP);
      program.setTargets(start, start + 1, program.length);
      start = program.length;
      this.sequence();
    }
    for (let index = 0; index < jumps.length; index++) program.setTargets(jumps[index], program.length, 0);
  }

  private sequence(): void {
    while (this.error.length == 0) {
      const next = this.peek();
      if (next < 0 || next == 0x7c || next == 0x29) return;
      const start = this.program.length;
      const groups = this.program.groups;
      const canRepeat = this.atom();
      if (this.error.length > 0) return;
      this.repetition(start, canRepeat);
      if (this.program.length > MAX_INSTRUCTIONS) this.fail("the pattern is too large");
      if (groups > 100) this.fail("too many groups");
    }
  }

  /** One character, class, group or assertion. Tells whether it may be repeated. */
  private atom(): bool {
    const unit = this.peek();
    switch (unit) {
      case 0x28: // (
        this.group();
        return true;
      case 0x5b: // [
        this.characterClass();
        return true;
      case 0x2e: // .
        this.at++;
        this.program.emit(Op.ANY);
        return true;
      case 0x5e: // ^
        this.at++;
        this.program.emit(Op.START);
        return false;
      case 0x24: // $
        this.at++;
        this.program.emit(Op.END);
        return false;
      case 0x2a: case 0x2b: case 0x3f: // * + ?
        this.fail("nothing to repeat");
        return false;
      case 0x5c:
        return this.escape();
    }
    this.program.emit(Op.CHARACTER, this.character());
    return true;
  }

  /** The character here, of one or two units. */
  private character(): u32 {
    const unit = <u32>this.peek();
    this.at++;
    const low = <u32>this.peek();
    if ((unit & 0xfc00) != 0xd800 || (low & 0xfffffc00) != 0xdc00) return unit;
    this.at++;
    return 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
  }

  private group(): void {
    this.at++;
    let isCapturing = true;
    if (this.peek() == 0x3f) {
      if (this.peek(1) == 0x3a) {
        isCapturing = false;
        this.at += 2;
      } else if (!this.groupName()) return this.fail("a group that does not exist here");
    }
    if (++this.depth > MAX_DEPTH) return this.fail("groups too deep");
    let number = 0;
    if (isCapturing) {
      number = ++this.program.groups;
      this.program.emit(Op.SAVE, number << 1);
    }
    this.alternatives();
    if (this.error.length > 0) return;
    if (this.peek() != 0x29) return this.fail('"(" without ")"');
    this.at++;
    this.depth--;
    if (isCapturing) this.program.emit(Op.SAVE, (number << 1) | 1);
  }

  /** Passes `?<name>` or `?P<name>`. */
  private groupName(): bool {
    let at = this.at + 1;
    if (at < this.pattern.length && this.pattern.charCodeAt(at) == 0x50) at++;
    if (at >= this.pattern.length || this.pattern.charCodeAt(at) != 0x3c) return false;
    const start = ++at;
    while (at < this.pattern.length && isNameUnit(this.pattern.charCodeAt(at))) at++;
    if (at == start || at >= this.pattern.length || this.pattern.charCodeAt(at) != 0x3e) return false;
    this.at = at + 1;
    return true;
  }

  private escape(): bool {
    const letter = this.peek(1);
    if (letter == 0x62 || letter == 0x42) {
      this.at += 2;
      this.program.emit(letter == 0x62 ? Op.BOUNDARY : Op.NO_BOUNDARY);
      return false;
    }
    const ranges: u32[] = [];
    if (namedClass(letter, ranges)) {
      this.at += 2;
      this.program.emit(Op.CLASS, this.program.addClass(ranges), 0);
      return true;
    }
    const character = this.escapedCharacter();
    if (character >= 0) this.program.emit(Op.CHARACTER, character);
    return true;
  }

  /** The character that an escape stands for; -1, with an error, if it is none. */
  private escapedCharacter(): i32 {
    const letter = this.peek(1);
    let value = -1;
    switch (letter) {
      case 0x6e: value = 0x0a; break;
      case 0x72: value = 0x0d; break;
      case 0x74: value = 0x09; break;
      case 0x66: value = 0x0c; break;
      case 0x76: value = 0x0b; break;
      case 0x78: return this.hexCharacter();
      default:
        if (letter > 0x20 && letter < 0x7f && !isNameUnit(letter)) value = letter;
    }
    if (letter == 0x5f) value = letter;
    if (value < 0) this.fail("an escape that does not exist");
    else this.at += 2;
    return value;
  }

  /** `\xHH` or `\x{H…}`. */
  private hexCharacter(): i32 {
    const isLong = this.peek(2) == 0x7b;
    let at = this.at + (isLong ? 3 : 2);
    const least = isLong ? 1 : 2;
    const most = isLong ? 6 : 2;
    let value = 0;
    let digits = 0;
    while (digits < most && at < this.pattern.length) {
      const unit = this.pattern.charCodeAt(at);
      const digit = unit < 0x80 ? hexDigit(<u8>unit) : -1;
      if (digit < 0) break;
      value = (value << 4) | digit;
      digits++;
      at++;
    }
    const isClosed = !isLong || (at < this.pattern.length && this.pattern.charCodeAt(at) == 0x7d);
    if (digits < least || !isClosed || value > 0x10ffff) {
      this.fail("an escape that does not exist");
      return -1;
    }
    this.at = isLong ? at + 1 : at;
    return value;
  }

  private characterClass(): void {
    this.at++;
    const isNegated = this.peek() == 0x5e;
    if (isNegated) this.at++;
    const ranges: u32[] = [];
    let isFirst = true;
    while (true) {
      const unit = this.peek();
      if (unit < 0) return this.fail('"[" without "]"');
      if (unit == 0x5d && !isFirst) break;
      isFirst = false;
      if (unit == 0x5b && this.peek(1) == 0x3a) return this.fail("a class by name");
      if (unit == 0x5c && namedClass(this.peek(1), ranges)) {
        this.at += 2;
        continue;
      }
      const low = this.classCharacter();
      if (low < 0) return;
      let high = low;
      if (this.peek() == 0x2d && this.peek(1) >= 0 && this.peek(1) != 0x5d) {
        this.at++;
        high = this.classCharacter();
        if (high < 0) return;
        if (high < low) return this.fail("a range that ends before it starts");
      }
      ranges.push(low);
      ranges.push(high);
    }
    this.at++;
    this.program.emit(Op.CLASS, this.program.addClass(ranges), u32(isNegated));
  }

  private classCharacter(): i32 {
    return this.peek() == 0x5c ? this.escapedCharacter() : <i32>this.character();
  }

  private repetition(start: i32, canRepeat: bool): void {
    let least = 0;
    let most = UNBOUNDED;
    const unit = this.peek();
    if (unit == 0x2b) least = 1;
    else if (unit == 0x3f) most = 1;
    else if (unit == 0x7b) {
      const end = this.counts();
      // RE2 takes braces that are no counts for what they are.
      if (end < 0) return;
      least = this.least;
      most = this.most;
      if (least > MAX_REPEAT || most > MAX_REPEAT) return this.fail("more than 1000 repetitions");
      if (most != UNBOUNDED && most < least) return this.fail("a repetition that ends before it starts");
      this.at = end - 1;
    } else if (unit != 0x2a) return;
    if (!canRepeat) return this.fail("nothing to repeat");
    this.at++;
    const isLazy = this.peek() == 0x3f;
    if (isLazy) this.at++;
    const next = this.peek();
    if (next == 0x2a || next == 0x2b || next == 0x3f || (next == 0x7b && this.counts() >= 0)) return this.fail("a repetition of a repetition");
    this.repeat(start, least, most, isLazy);
  }

  private least: i32 = 0;
  private most: i32 = 0;

  /** Reads `{n}`, `{n,}` or `{n,m}`; gives where it ends, or -1. */
  private counts(): i32 {
    let at = this.at + 1;
    let value = -1;
    let isSecond = false;
    for (; at < this.pattern.length; at++) {
      const unit = this.pattern.charCodeAt(at);
      if (unit >= 0x30 && unit <= 0x39) value = min(max(value, 0) * 10 + unit - 0x30, MAX_REPEAT + 1);
      else if (unit == 0x2c && !isSecond && value >= 0) {
        this.least = value;
        isSecond = true;
        value = UNBOUNDED;
      } else if (unit == 0x7d && (isSecond || value >= 0)) {
        if (!isSecond) this.least = value;
        this.most = value;
        return at + 1;
      } else return -1;
    }
    return -1;
  }

  /** Makes repetitions of the instructions from `start` on. */
  private repeat(start: i32, least: i32, most: i32, isLazy: bool): void {
    const program = this.program;
    const end = program.length;
    const size = end - start;
    const copies = most == UNBOUNDED ? max(least, 1) : most;
    if (copies * (size + 2) + start > MAX_INSTRUCTIONS) return this.fail("the pattern is too large");
    if (most == 0) {
      program.truncate(start);
      return;
    }
    if (least == 0 && most == UNBOUNDED) {
      // SPLIT body, out; body: …; JUMP start; out:
      program.insert(start, 1);
      program.setOp(start, Op.SPLIT);
      program.emit(Op.JUMP, start);
      targets(program, start, start + 1, program.length, isLazy);
      return;
    }
    if (least == 0) {
      // The first copy is optional too, and within it each next one: SPLIT body, out for each, all to the same end.
      program.insert(start, 1);
      program.setOp(start, Op.SPLIT);
      const body = start + 1;
      for (let copy = 1; copy < most; copy++) {
        program.emit(Op.SPLIT);
        program.copy(body, body + size);
      }
      for (let copy = 0; copy < most; copy++) {
        const split = start + copy * (size + 1);
        targets(program, split, split + 1, program.length, isLazy);
      }
      return;
    }
    for (let copy = 1; copy < least; copy++) program.copy(start, end);
    if (most == UNBOUNDED) {
      // Back to the last copy: body: …; SPLIT body, out; out:
      const last = program.length - size;
      program.emit(Op.SPLIT);
      targets(program, program.length - 1, last, program.length, isLazy);
      return;
    }
    const optional = program.length;
    for (let copy = least; copy < most; copy++) {
      program.emit(Op.SPLIT);
      program.copy(start, end);
    }
    for (let copy = 0; copy < most - least; copy++) {
      const split = optional + copy * (size + 1);
      targets(program, split, split + 1, program.length, isLazy);
    }
  }
}

function targets(program: Program, split: i32, body: i32, out: i32, isLazy: bool): void {
  program.setTargets(split, isLazy ? out : body, isLazy ? body : out);
}

/** The ranges of `\d`, `\w`, `\s` and their opposites; false for other letters. */
function namedClass(letter: i32, ranges: u32[]): bool {
  const named: u32[] = [];
  switch (letter | 0x20) {
    case 0x64: named.push(0x30), named.push(0x39); break;
    case 0x77:
      named.push(0x30), named.push(0x39), named.push(0x41), named.push(0x5a);
      named.push(0x5f), named.push(0x5f), named.push(0x61), named.push(0x7a);
      break;
    case 0x73: named.push(0x09), named.push(0x0a), named.push(0x0c), named.push(0x0d), named.push(0x20), named.push(0x20); break;
    default: return false;
  }
  if ((letter & 0x20) != 0) {
    for (let index = 0; index < named.length; index++) ranges.push(named[index]);
    return true;
  }
  let low: u32 = 0;
  for (let index = 0; index < named.length; index += 2) {
    if (named[index] > low) {
      ranges.push(low);
      ranges.push(named[index] - 1);
    }
    low = named[index + 1] + 1;
  }
  ranges.push(low);
  ranges.push(0x10ffff);
  return true;
}

function isNameUnit(unit: i32): bool {
  const letter = unit | 0x20;
  return (letter >= 0x61 && letter <= 0x7a) || (unit >= 0x30 && unit <= 0x39) || unit == 0x5f;
}
