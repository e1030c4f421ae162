/** Envoy's log levels, and `off`, which nothing is logged at. */
export type EnvoyLogLevel = 'trace' | 'debug' | 'info' | 'warning' | 'error' | 'critical';

/** One message of Envoy's own log. */
export interface EnvoyLogLine {
  readonly level: EnvoyLogLevel;
  /** The component: `main`, `config`, `upstream`, `wasm`, …; empty for what was not written by Envoy's logger. */
  readonly logger: string;
  /** Without time and place; may have several lines. */
  readonly message: string;
}

/**
 * The options that make Envoy write lines which {@link parseLogLine} understands: level, component and message, with line
 * breaks escaped, so that a message is a line. Times are left out: whoever reads the line as it comes knows the time.
 */
export const LOG_FORMAT_ARGUMENTS: readonly string[] = ['--log-format', '%l %n %v', '--log-format-escaped'];

/**
 * Parses a line of Envoy's log. What does not look like one (a crash report, a sanitizer's or the loader's message) is passed on
 * as an error with no component, since nothing else writes there.
 */
export function parseLogLine(line: string): EnvoyLogLine {
  const match = /^(trace|debug|info|warning|error|critical) (\S+) (.*)$/.exec(line);
  if (match === null) return { level: 'error', logger: '', message: line };
  const [, level, logger = '', message = ''] = match;
  return { level: level as EnvoyLogLevel, logger, message: unescape(message) };
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Undoes C escapes: `\n`, `\"`, `\303`, `\xc3`. Numbers are bytes of UTF-8, so a run of them is decoded together. */
function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/(?:\\(?:[0-7]{3}|x[0-9a-fA-F]{2}))+|\\(.)/g, (found, letter: string | undefined) => {
    if (letter !== undefined) return escapes[letter] ?? letter;
    const bytes = [...found.matchAll(/\\(?:([0-7]{3})|x(..))/g)].map(([, octal, hex]) =>
      octal === undefined ? Number.parseInt(hex ?? '', 16) : Number.parseInt(octal, 8),
    );
    return new TextDecoder().decode(Uint8Array.from(bytes));
  });
}
