/**
 * Lines of a text as they may be shown beside a message: those of Secrets without their values. Decided by the text alone, since what is
 * shown is often what could not be read.
 */

/** What of a Secret is no secret: who it is, and what kind of thing. */
const SHOWN_KEYS =
  /^(?:apiVersion|kind|metadata|name|namespace|type|immutable|data|stringData|labels|annotations|items)$/;

const IS_SECRET = /^[ \t"'{,-]*kind["']?[ \t]*:[ \t]*["']?(?:Secret|SecretList|List)\b/m;

/** Key material wherever it stands: PEM, and runs of base64 longer than names are. */
const KEY_MATERIAL = /-----BEGIN [A-Z0-9 ]{1,40}-----.*|[A-Za-z0-9+/]{64,}={0,2}/g;

export interface NumberedLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/** The lines, of which those inside a Secret (or a List, which may hold some) keep only what cannot be a secret. */
export function withoutSecretValues(text: string, lines: readonly NumberedLine[]): readonly NumberedLine[] {
  const all = text.split(/\r?\n/);
  return lines.map(({ number, text: line }) => {
    const hidden = IS_SECRET.test(documentAround(all, number - 1)) ? hideValue(line) : line;
    return { number, text: hidden.replace(KEY_MATERIAL, '[redacted]') };
  });
}

/** The YAML document that a line stands in. */
function documentAround(lines: readonly string[], index: number): string {
  let first = index;
  while (first > 0 && !lines[first]?.startsWith('---')) first--;
  let end = index + 1;
  while (end < lines.length && !lines[end]?.startsWith('---')) end++;
  return lines.slice(first, end).join('\n');
}

function hideValue(line: string): string {
  const field = /^([\s{,-]*["']?)([-._A-Za-z0-9]+)(["']?\s*:)(\s*)(.*)$/.exec(line);
  if (field === null) return /^[\s{}[\],-]*$/.test(line) ? line : line.replace(/\S.*$/, '[redacted]');
  const [, indent = '', key = '', colon = '', gap = '', value = ''] = field;
  // A mapping in one line has its values behind its key.
  if (value === '' || (SHOWN_KEYS.test(key) && !/[{[]/.test(value))) return line;
  return `${indent}${key}${colon}${gap}[redacted]`;
}
