const NOT_ASCII = /[^\0-\x7f]/;
const UPPER = /[A-Z]+/g;

/** Lower-cases A–Z alone, as Envoy does: other letters of Latin-1 keep their case. */
export function asciiLower(text: string): string {
  return NOT_ASCII.test(text) ? text.replace(UPPER, (run) => run.toLowerCase()) : text.toLowerCase();
}

/** Compares ignoring the case of A–Z. */
export function equalsIgnoreCase(a: string, b: string): boolean {
  return a.length === b.length && (a === b || asciiLower(a) === asciiLower(b));
}
