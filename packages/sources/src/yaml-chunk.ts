import type { FieldPath } from '@heddle/model';
import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type Node, type Pair, parseAllDocuments } from 'yaml';

/** A stretch of a text by offsets; `end` is exclusive. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

/** The documents of a chunk. Throws a RangeError where nesting exceeds what the reader's recursion bears. */
export function parseYaml(text: string): readonly Document.Parsed[] {
  const documents = parseAllDocuments(text, { merge: true, prettyErrors: false, strict: true, uniqueKeys: true });
  return 'empty' in documents ? [] : documents;
}

/** Text read again only when someone asks where a field stands, which is rare: no syntax trees are kept. */
const trees = new WeakMap<ChunkText, WeakRef<readonly Document.Parsed[]>>();

/** The identity of a chunk's text, shared by the origins of its objects. */
export interface ChunkText {
  readonly text: string;
}

function treesOf(chunk: ChunkText): readonly Document.Parsed[] {
  const kept = trees.get(chunk)?.deref();
  if (kept !== undefined) return kept;
  const parsed = parseYaml(chunk.text);
  trees.set(chunk, new WeakRef(parsed));
  return parsed;
}

/**
 * Where a field of a document is written: the value of a plain field, the key of a mapping or list (whose value may fill pages), and
 * for a field that is not there the nearest one around it.
 */
export function locateInChunk(
  chunk: ChunkText,
  documentIndex: number,
  path: FieldPath,
  prefer: 'key' | 'value',
): TextSpan | undefined {
  const document = treesOf(chunk)[documentIndex];
  const root: unknown = document?.contents;
  if (document === undefined || root === null || root === undefined) return undefined;
  let node: unknown = root;
  // A document as a whole is shown by its first key.
  let place = isMap(root) ? spanOfKey(root.items[0]) : spanOf(root);
  for (const [index, step] of path.entries()) {
    const around: unknown = isAlias(node) ? node.resolve(document) : node;
    const last = index === path.length - 1;
    if (isMap(around)) {
      const pair = around.items.findLast((item) => keyText(item) === String(step));
      if (pair === undefined) return place;
      node = pair.value;
      place = last && prefer === 'value' && isScalar(node) ? (spanOf(node) ?? spanOfKey(pair)) : spanOfKey(pair);
    } else if (isSeq(around) && typeof step === 'number') {
      const item: unknown = around.items[step];
      if (item === undefined) return place;
      node = item;
      place = isMap(item) ? (spanOfKey(item.items[0]) ?? place) : (spanOf(item) ?? place);
    } else {
      return place;
    }
  }
  return place;
}

function keyText(pair: unknown): string | undefined {
  if (!isPair(pair)) return undefined;
  return isScalar(pair.key) ? String(pair.key.value) : undefined;
}

function spanOfKey(pair: Pair<unknown, unknown> | undefined): TextSpan | undefined {
  return pair === undefined ? undefined : spanOf(pair.key);
}

function spanOf(node: unknown): TextSpan | undefined {
  const range = (node as Node | undefined)?.range;
  return range === null || range === undefined ? undefined : { start: range[0], end: range[1] };
}

/**
 * Maps offsets of a literal block's text (`key: |`) to offsets of the chunk it stands in; undefined for text in any other style,
 * whose lines are not its own.
 */
export function embeddedTextOffsets(
  chunk: ChunkText,
  documentIndex: number,
  path: FieldPath,
): ((offset: number) => number) | undefined {
  const node = treesOf(chunk)[documentIndex]?.getIn([...path], true);
  if (!isScalar(node) || node.type !== 'BLOCK_LITERAL' || typeof node.value !== 'string') return undefined;
  const span = spanOf(node);
  const value = node.value;
  if (span === undefined) return undefined;
  const firstLine = chunk.text.indexOf('\n', span.start) + 1;
  const written = chunk.text.slice(firstLine, span.end).split('\n');
  const sample = value.split('\n').findIndex((line) => line.trim() !== '');
  const indent = (written[sample]?.length ?? 0) - (value.split('\n')[sample]?.trimEnd().length ?? 0);
  return (offset) => {
    const before = value.slice(0, offset).split('\n');
    const line = before.length - 1;
    let start = firstLine;
    for (let index = 0; index < line; index++) start += (written[index]?.length ?? 0) + 1;
    return Math.min(start + Math.max(0, indent) + (before[line]?.length ?? 0), chunk.text.length);
  };
}
