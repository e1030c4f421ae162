/**
 * Reads a regular expression by RE2's grammar and says what RE2 would refuse (https://github.com/google/re2/wiki/Syntax), without
 * compiling it: one pass, linear in its length, since what users write must not cost more than it is worth.
 *
 * RE2 has no look-around and no backreferences, repeats at most 1000 times (nested repeats multiply) and bounds the compiled program.
 * `programSize` is an upper estimate of RE2's instructions; Envoy refuses programs above its `re2.max_program_size.error_level`.
 */
export function re2Problem(pattern: string): string | undefined {
  return new Reader(pattern).problem();
}

/** How many capturing groups a sound expression has: what `\\1` and so on may stand for in a substitution. */
export function re2GroupCount(pattern: string): number {
  const reader = new Reader(pattern);
  reader.problem();
  return reader.groups;
}

/** RE2's bound on a repetition, and on the product of nested ones. */
const MAX_REPEAT = 1000;
/** Ours on the estimated program; below what proxies are started with. */
const MAX_PROGRAM_SIZE = 4000;
/** RE2 refuses deeper nesting (its parser's stack bound). */
const MAX_NESTING = 200;

/** What reading one part found: its estimated instructions and the highest product of repeats inside. */
interface Part {
  readonly size: number;
  readonly repeat: number;
}

class Reader {
  readonly #text: readonly string[];
  #at = 0;
  #names = new Set<string>();
  /** Capturing groups read so far. */
  groups = 0;

  constructor(pattern: string) {
    this.#text = [...pattern];
  }

  problem(): string | undefined {
    try {
      const whole = this.#alternatives(0);
      if (this.#at < this.#text.length) throw new Refusal('")" without "("');
      if (whole.size > MAX_PROGRAM_SIZE) throw new Refusal('it repeats too much');
      return undefined;
    } catch (error) {
      if (error instanceof Refusal) return error.message;
      throw error;
    }
  }

  get #next(): string | undefined {
    return this.#text[this.#at];
  }

  #startsWith(text: string): boolean {
    for (let index = 0; index < text.length; index++) if (this.#text[this.#at + index] !== text[index]) return false;
    return true;
  }

  #alternatives(depth: number): Part {
    if (depth > MAX_NESTING) throw new Refusal('its groups nest too deeply');
    let size = 0;
    let repeat = 1;
    for (;;) {
      const part = this.#sequence(depth);
      size += part.size + 1;
      repeat = Math.max(repeat, part.repeat);
      if (this.#next !== '|') return { size, repeat };
      this.#at++;
    }
  }

  #sequence(depth: number): Part {
    let size = 0;
    let repeat = 1;
    while (this.#next !== undefined && this.#next !== '|' && this.#next !== ')') {
      const part = this.#repeated(depth);
      size += part.size;
      repeat = Math.max(repeat, part.repeat);
      // Bounded while reading, so that a long pattern cannot make a large number of large parts.
      if (size > MAX_PROGRAM_SIZE) throw new Refusal('it repeats too much');
    }
    return { size, repeat };
  }

  #repeated(depth: number): Part {
    if (this.#repetition() !== undefined) throw new Refusal('nothing to repeat');
    const quoted = this.#startsWith('\\Q');
    let part = quoted ? this.#quotation() : this.#atom(depth);
    const repetition = this.#repetition();
    if (repetition === undefined) return part;
    // `(?i)` and `\\Q\\E` match nothing by themselves: there is nothing to repeat.
    if (part.size === 0) throw new Refusal('nothing to repeat');
    const factor = Math.max(repetition.factor, 1);
    part = { size: part.size * factor + 2, repeat: part.repeat * (repetition.counted ? factor : 1) };
    if (part.repeat > MAX_REPEAT) throw new Refusal(`a part repeats more than ${MAX_REPEAT} times`);
    if (this.#repetition() !== undefined) throw new Refusal('one repetition directly after another');
    return part;
  }

  /** Reads `*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}` and a following `?`; a brace that is none of these is plain text in RE2. */
  #repetition(): { readonly factor: number; readonly counted: boolean } | undefined {
    const sign = this.#next;
    let found: { readonly factor: number; readonly counted: boolean } | undefined;
    if (sign === '*' || sign === '+' || sign === '?') {
      this.#at++;
      found = { factor: 1, counted: false };
    } else if (sign === '{') {
      const counts = /^\{(\d{1,9})(,(\d{1,9})?)?\}/.exec(this.#text.slice(this.#at, this.#at + 24).join(''));
      if (counts === null) return undefined;
      const low = Number(counts[1]);
      const high = counts[3] === undefined ? low : Number(counts[3]);
      if (low > MAX_REPEAT || high > MAX_REPEAT || high < low) throw new Refusal(`bad repetition "${counts[0]}"`);
      this.#at += counts[0].length;
      // `x{n,}` compiles to n copies and a star.
      found = { factor: counts[2] === ',' ? low + 1 : high, counted: true };
    } else {
      return undefined;
    }
    if (this.#next === '?') this.#at++;
    return found;
  }

  #atom(depth: number): Part {
    const sign = this.#next;
    if (sign === '(') return this.#group(depth);
    if (sign === '[') return this.#set();
    if (sign === '\\') return this.#escape(false);
    this.#at++;
    return { size: sign === '.' ? 2 : sizeOf(sign), repeat: 1 };
  }

  #group(depth: number): Part {
    this.#at++;
    if (this.#next === '?') {
      const opening = /^\?(?:P?<([A-Za-z0-9_]{1,64})>|([imsU]{0,8}(?:-[imsU]{1,8})?)([:)]))/.exec(
        this.#text.slice(this.#at, this.#at + 72).join(''),
      );
      if (opening === null) {
        const look =
          this.#startsWith('?=') || this.#startsWith('?!') || this.#startsWith('?<=') || this.#startsWith('?<!');
        throw new Refusal(look ? 'it has no look-around' : 'bad group after "(?"');
      }
      this.#at += opening[0].length;
      const name = opening[1];
      if (name !== undefined) {
        this.groups++;
        if (this.#names.has(name)) throw new Refusal(`two groups named "${name}"`);
        this.#names.add(name);
      }
      if (opening[2] === '' && opening[3] === ')') throw new Refusal('bad group "(?)"');
      if (opening[3] === ')') return { size: 0, repeat: 1 };
    } else {
      this.groups++;
    }
    const part = this.#alternatives(depth + 1);
    if (this.#next !== ')') throw new Refusal('"(" without ")"');
    this.#at++;
    return { size: part.size + 2, repeat: part.repeat };
  }

  #quotation(): Part {
    this.#at += 2;
    const start = this.#at;
    while (this.#at < this.#text.length && !this.#startsWith('\\E')) this.#at++;
    const size = this.#text.slice(start, this.#at).reduce((sum, sign) => sum + sizeOf(sign), 0);
    if (this.#at < this.#text.length) this.#at += 2;
    return { size, repeat: 1 };
  }

  #set(): Part {
    this.#at++;
    let size = 1;
    if (this.#next === '^') {
      this.#at++;
      size = 2;
    }
    for (let first = true; first || this.#next !== ']'; first = false) {
      if (this.#next === undefined) throw new Refusal('"[" without "]"');
      if (this.#startsWith('[:')) {
        const name =
          /^\[:\^?(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]/.exec(
            this.#text.slice(this.#at, this.#at + 12).join(''),
          );
        if (name !== null) {
          this.#at += name[0].length;
          size += 4;
          continue;
        }
        // Without its closing ":]" this is a plain bracket and colon.
        if (
          this.#text
            .slice(this.#at, this.#at + 24)
            .join('')
            .includes(':]')
        )
          throw new Refusal('unknown class in "[: :]"');
      }
      if (this.#next === '-' && !first && this.#text[this.#at + 1] !== ']') {
        throw new Refusal('bad range in "[ ]"');
      }
      const low = this.#setMember();
      size += low.size;
      if (this.#next !== '-' || this.#text[this.#at + 1] === ']' || this.#text[this.#at + 1] === undefined) continue;
      if (low.code === undefined) throw new Refusal('bad range in "[ ]"');
      this.#at++;
      const high = this.#setMember();
      if (high.code === undefined || high.code < low.code) throw new Refusal('bad range in "[ ]"');
    }
    this.#at++;
    return { size, repeat: 1 };
  }

  /** One member of a set: the code point of a single character, undefined for a class such as `\d`. */
  #setMember(): { readonly code: number | undefined; readonly size: number } {
    if (this.#next === undefined) throw new Refusal('"[" without "]"');
    if (this.#next === '\\') {
      const escape = this.#escape(true);
      return { code: escape.code, size: escape.size };
    }
    const code = this.#next.codePointAt(0);
    this.#at++;
    return { code, size: sizeOf(this.#text[this.#at - 1]) };
  }

  #escape(inSet: boolean): Part & { readonly code?: number } {
    const rest = this.#text.slice(this.#at, this.#at + 40).join('');
    const take = (length: number, size: number, code?: number): Part & { readonly code?: number } => {
      this.#at += length;
      return { size, repeat: 1, ...(code === undefined ? {} : { code }) };
    };
    const simple = /^\\([afnrtv])/.exec(rest);
    if (simple !== null) return take(2, 1, { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 }[simple[1] ?? ''] ?? 0);
    if (/^\\[dDsSwW]/.test(rest)) return take(2, 6);
    if (!inSet && /^\\[AbBz]/.test(rest)) return take(2, 2);
    const hex = /^\\x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,6})\})/.exec(rest);
    if (hex !== null) {
      const code = Number.parseInt(hex[1] ?? hex[2] ?? '', 16);
      // Envoy matches bytes (RE2's Latin-1): a character above FF is several of them and has no escape of its own.
      if (code > 0xff) throw new Refusal('an escape above FF; write the character itself');
      return take(hex[0].length, 4, code);
    }
    const octal = /^\\(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest);
    if (octal !== null) return take(octal[0].length, 4, Number.parseInt(octal[0].slice(1), 8));
    if (/^\\\d/.test(rest)) throw new Refusal('it has no backreferences');
    const property = /^\\[pP](?:([A-Z])|\{\^?([A-Za-z_]{1,32})\})/.exec(rest);
    if (property !== null) {
      if (!UNICODE_CLASSES.has(property[1] ?? property[2] ?? '')) throw new Refusal(`unknown class "${property[0]}"`);
      // Of its characters up to FF, at most some twenty ranges.
      return take(property[0].length, 24);
    }
    const literal = /^\\([^A-Za-z0-9])/u.exec(rest);
    const code = literal?.[1]?.codePointAt(0);
    if (literal !== null && code !== undefined && code < 0x80) return take(2, 1, code);
    throw new Refusal(rest === '\\' ? 'a backslash at its end' : `unknown escape "${[...rest].slice(0, 2).join('')}"`);
  }
}

/** Instructions for one character: its bytes in UTF-8. */
function sizeOf(sign: string | undefined): number {
  return (sign?.codePointAt(0) ?? 0) < 0x80 ? 1 : 4;
}

/** Thrown and caught inside this file: the sentence for the user. */
class Refusal extends Error {}

/** General categories and the common scripts; rarer scripts are refused rather than believed. */
const UNICODE_CLASSES: ReadonlySet<string> = new Set(
  (
    'C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs Any ' +
    'Arabic Armenian Bengali Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Han Hangul Hebrew Hiragana Kannada Katakana ' +
    'Khmer Lao Latin Malayalam Mongolian Myanmar Sinhala Tamil Telugu Thai Tibetan Common'
  ).split(' '),
);
