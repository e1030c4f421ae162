import { type Diagnostic, formatFieldPath, formatPosition, formatRef } from '@heddle/model';
import { withoutSecretValues } from './hidden-lines.ts';

export interface CodeFrameOptions {
  /** The text of the diagnostic's file as it was read; without it no lines are shown. */
  readonly text?: string | undefined;
  /** ANSI colours. Default false. */
  readonly color?: boolean;
  /** Lines shown before the one in question. Default 2. */
  readonly linesBefore?: number;
}

const SIGNS: Readonly<Record<Diagnostic['severity'], { readonly sign: string; readonly color: number }>> = {
  error: { sign: '✖', color: 31 },
  warning: { sign: '‼', color: 33 },
  info: { sign: 'ℹ', color: 36 },
};
/** What fits beside a message on a usual terminal. */
const MAX_SHOWN = 100;
/** How much of what is marked must fit behind the text before it. */
const MIN_MARKED = 20;

/**
 * A diagnostic with the lines it is about, for terminals:
 *
 *     ✖ HED101 error  app.yaml:58:5  VirtualService shop/cart
 *         57 │ spec:
 *       ▸ 58 │     hots:      unknown field "hots"; did you mean "hosts"?
 *            │     ^^^^
 *         effect: the object is not used      fix: write "hosts"
 *
 * What a file says is shown with control characters made visible, so that it cannot command the terminal, and without the values of
 * Secrets.
 */
export function codeFrame(found: Diagnostic, options: CodeFrameOptions = {}): string {
  const paint = painter(options.color === true);
  const { sign, color } = SIGNS[found.severity];
  const where = found.range === undefined ? '' : `  ${printable(formatPosition(found.range))}`;
  const what = found.resource === undefined ? '' : `  ${printable(formatRef(found.resource))}`;
  const lines = [`${paint(sign, color)} ${paint(found.code, 1)} ${paint(found.severity, color)}${where}${what}`];
  const frame = frameLines(found, options, paint, color);
  if (frame.length > 0) lines.push(...frame);
  else {
    const field = formatFieldPath(found.path);
    const [first = '', ...more] = messageLines(found.message);
    lines.push(`    ${field === '' ? '' : `${printable(field)}: `}${first}`, ...more.map((line) => `      ${line}`));
  }
  const rest = [
    ...(found.effect === undefined ? [] : [`${paint('effect:', 2)} ${printable(found.effect)}`]),
    ...(found.fix === undefined ? [] : [`${paint('fix:', 2)} ${printable(found.fix)}`]),
  ];
  if (rest.length > 0) lines.push(`    ${rest.join('      ')}`);
  return lines.join('\n');
}

type Paint = (text: string, code: number) => string;

function painter(color: boolean): Paint {
  return (text, code) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
}

function frameLines(found: Diagnostic, options: CodeFrameOptions, paint: Paint, color: number): readonly string[] {
  const { range } = found;
  if (range === undefined || options.text === undefined) return [];
  const line = range.start.line;
  const shown = withoutSecretValues(options.text, linesUpTo(options.text, line, options.linesBefore ?? 2));
  const marked = shown.at(-1);
  if (marked?.number !== line) return [];
  const width = String(line).length;
  const gutter = (number: number | undefined): string => paint(`${String(number ?? '').padStart(width)} │ `, 2);
  const end = range.end.line === line ? range.end.column : marked.text.length + 1;
  const from = Math.min(range.start.column, marked.text.length + 1) - 1;
  const to = Math.max(Math.min(end - 1, marked.text.length), from + 1);
  // Measured after making signs visible: a shown character may be longer than the one in the file.
  const place = printable(marked.text.slice(0, from)).length;
  // In a line that is too long for the terminal, what is marked must still be seen: it starts further right then.
  const start = place > MAX_SHOWN - MIN_MARKED ? place - Math.floor(MAX_SHOWN / 2) : 0;
  const lead = place - start;
  const before = shown.slice(0, -1).map(({ number, text }) => `    ${gutter(number)}${cut(text, 0)}`.trimEnd());
  const marks = '^'.repeat(Math.max(1, Math.min(printable(marked.text.slice(from, to)).length, MAX_SHOWN - lead)));
  const [first = '', ...more] = messageLines(found.message);
  return [
    ...before,
    `  ${paint('▸', color)} ${gutter(line)}${cut(marked.text, start)}`.trimEnd(),
    `    ${gutter(undefined)}${' '.repeat(lead)}${paint(`${marks} ${first}`.trimEnd(), color)}`,
    ...more.map((text) => `    ${gutter(undefined)}${paint(text, color)}`),
  ];
}

/** The lines of a message, a compiler's output for one, all indented when shown: none can be taken for a diagnostic of its own. */
function messageLines(message: string): readonly string[] {
  return message
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map(printable);
}

/** The line and those before it, without blank ones. */
function linesUpTo(
  text: string,
  line: number,
  before: number,
): readonly { readonly number: number; readonly text: string }[] {
  const lines = text.split(/\r?\n/, line);
  return lines
    .map((content, index) => ({ number: index + 1, text: content }))
    .slice(Math.max(0, line - 1 - before))
    .filter(({ number, text: content }) => number === line || content.trim() !== '');
}

function cut(text: string, start: number): string {
  const all = printable(text);
  const shown = start === 0 || all.length <= start ? all.slice(start) : `…${all.slice(start + 1)}`;
  return shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN - 1)}…` : shown;
}

function printable(text: string): string {
  return text
    .replaceAll('\t', '  ')
    .replace(
      /[\p{Control}\p{Bidi_Control}\p{Surrogate}]/gu,
      (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
}
