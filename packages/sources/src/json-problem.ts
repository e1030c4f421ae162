/** What is wrong with a JSON text, and where. */
export interface JsonProblem {
  readonly message: string;
  readonly offset: number;
}

const WHITESPACE = /[ \t\r\n]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/**
 * The first syntax error of a JSON text (RFC 8259), or undefined. Runtimes word theirs differently and some do not say where: this
 * gives the same sentence everywhere. Iterative, so that deep nesting costs no stack.
 */
export function jsonProblem(text: string): JsonProblem | undefined {
  const open: ('[' | '{')[] = [];
  let at = 0;
  /** What may come next. */
  let state: 'value' | 'first-item' | 'first-key' | 'key' | 'after' = 'value';
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return false;
    at += match[0].length;
    return true;
  };
  for (;;) {
    take(WHITESPACE);
    const sign = text[at];
    const wanted = (what: string): JsonProblem => ({
      message: `found ${sign === undefined ? 'the end of the text' : JSON.stringify(sign)}, wanted ${what}`,
      offset: at,
    });
    if (state === 'after') {
      const inside = open.at(-1);
      if (inside === undefined) return sign === undefined ? undefined : wanted('the end of the text');
      if (sign === ',') state = inside === '{' ? 'key' : 'value';
      else if (sign === (inside === '{' ? '}' : ']')) open.pop();
      else return wanted(inside === '{' ? '"," or "}"' : '"," or "]"');
      at++;
    } else if (state === 'key' || state === 'first-key') {
      if (state === 'first-key' && sign === '}') {
        open.pop();
        at++;
        state = 'after';
        continue;
      }
      if (!take(STRING)) return wanted('a key in double quotes');
      take(WHITESPACE);
      if (text[at] !== ':')
        return { message: `found ${JSON.stringify(text[at] ?? 'the end')}, wanted ":" after the key`, offset: at };
      at++;
      state = 'value';
    } else if (sign === '{' || sign === '[') {
      open.push(sign);
      at++;
      state = sign === '{' ? 'first-key' : 'first-item';
    } else if (state === 'first-item' && sign === ']') {
      open.pop();
      at++;
      state = 'after';
    } else if (take(STRING) || take(SCALAR)) {
      state = 'after';
    } else {
      return wanted('a value');
    }
  }
}
