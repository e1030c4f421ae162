import { ThreadSlice } from './thread-slice.ts';

/** Deeper than this, values are written in one go. */
const MAX_DEPTH = 6;

/**
 * JSON of a value, as `JSON.stringify(value, null, indent)` gives it, written without holding up the thread: lists and objects near the
 * root are written entry by entry, with a pause when a slice of time is spent; what is iterable is a list, so that its items can be made
 * as they are written. `value` must not change meanwhile.
 */
export async function jsonInSlices(value: unknown, indent = 0): Promise<string> {
  const slice = new ThreadSlice();
  const parts: string[] = [];
  for (const part of write(value, indent, 0)) {
    parts.push(part);
    if (slice.isSpent) await slice.nextTurn();
  }
  return parts.join('');
}

function* write(value: unknown, indent: number, depth: number): IterableIterator<string> {
  if (depth >= MAX_DEPTH || typeof value !== 'object' || value === null || 'toJSON' in value) {
    const text = JSON.stringify(value, null, indent) ?? 'null';
    // Only line feeds between tokens are raw: those within texts are escaped.
    yield indent === 0 ? text : text.replaceAll('\n', lineAt(indent, depth));
    return;
  }
  const isList = Symbol.iterator in value;
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  yield open;
  let isEmpty = true;
  for (const [key, item] of isList ? listed(value as Iterable<unknown>) : Object.entries(value)) {
    if (!isList && (item === undefined || typeof item === 'function')) continue;
    yield `${isEmpty ? '' : ','}${lineAt(indent, depth + 1)}`;
    if (key !== undefined) yield `${JSON.stringify(key)}:${indent === 0 ? '' : ' '}`;
    yield* write(item, indent, depth + 1);
    isEmpty = false;
  }
  yield isEmpty ? close : `${lineAt(indent, depth)}${close}`;
}

function* listed(items: Iterable<unknown>): IterableIterator<readonly [undefined, unknown]> {
  for (const item of items) yield [undefined, item];
}

function lineAt(indent: number, depth: number): string {
  return indent === 0 ? '' : `\n${' '.repeat(indent * depth)}`;
}
