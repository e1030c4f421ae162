import { type FieldProblem, type ObjectIdentity, parseObject } from '@heddle/api';
import {
  type AnyMeshObject,
  type Diagnostic,
  type DiagnosticCode,
  diagnostic,
  type FieldPath,
  type ObjectOrigin,
  type SourceRange,
} from '@heddle/model';
import type { Document } from 'yaml';
import { splitDocuments } from './document-chunks.ts';
import { jsonProblem } from './json-problem.ts';
import { type MeshConfigItem, meshConfigDocument, meshConfigMap } from './mesh-config-text.ts';
import { DEFAULT_READ_LIMITS, type ReadLimits } from './read-limits.ts';
import { syntaxMessage } from './syntax-message.ts';
import { positionAt } from './text-position.ts';
import { type ChunkText, locateInChunk, parseYaml } from './yaml-chunk.ts';

/** What one object in a text came to. */
export interface ReadObject {
  /**
   * `used`: sound. `refused`: something is wrong with it. `left-out`: a kind that is recognised but plays no part, or not yet.
   */
  readonly outcome: 'used' | 'refused' | 'left-out';
  /** Present when `used`. */
  readonly object?: AnyMeshObject;
  /** Which object it is, as far as that could be read. */
  readonly identity?: ObjectIdentity;
  readonly origin: ObjectOrigin;
  readonly diagnostics: readonly Diagnostic[];
}

/** What a text holds. */
export interface ReadText {
  /** False if some part could not be read as YAML or JSON at all, so that it is unknown what is missing. */
  readonly sound: boolean;
  readonly objects: readonly ReadObject[];
  /** About the text itself; what is wrong with single objects is with them. */
  readonly diagnostics: readonly Diagnostic[];
  /** For the next reading of the same file. */
  readonly chunks: ReadonlyMap<string, ReadChunk>;
}

/** What one chunk of a text holds, wherever in a file it stands: kept from reading to reading. */
interface ReadChunk {
  readonly chunk: ChunkText;
  readonly syntax?: {
    readonly code: DiagnosticCode;
    readonly message: string;
    readonly start: number;
    readonly end: number;
  };
  readonly items: readonly ReadItem[];
}

interface ReadItem {
  readonly documentIndex: number;
  /** Where the object stands in its document: `['items', 2]` inside a List. */
  readonly base: FieldPath;
  readonly object: AnyMeshObject | undefined;
  readonly identity: ObjectIdentity | undefined;
  readonly problems: readonly FieldProblem[];
  /** Set where the object's fields do not stand in the document as they do in the object. */
  readonly place?: MeshConfigItem['place'];
}

export interface ReadOptions {
  /** How the file is called in diagnostics. */
  readonly file: string;
  /** What a document without kind is: nothing sound, unless the file holds Istio's MeshConfig. Default `objects`. */
  readonly content?: FileContent;
  readonly limits?: ReadLimits;
  /** The reading before, of the same file: unchanged documents are not read again. */
  readonly previous?: ReadText;
}

/** Kubernetes objects, or the settings of a mesh as Istio's `--meshConfig` file has them. */
export type FileContent = 'objects' | 'mesh-config';

/**
 * Reads YAML documents, or one JSON text if the file's name ends in `.json`, as Kubernetes objects. Lists (`kind: List`) stand for their
 * items. Whatever is wrong becomes a diagnostic with its place; nothing is thrown.
 */
export function readDocuments(text: string, options: ReadOptions): ReadText {
  const steps = readSteps(text, options);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Like {@link readDocuments}, but never at it for more than about 10 ms without a pause: for threads that serve requests too. */
export async function readDocumentsInSlices(
  text: string,
  options: ReadOptions & { readonly pause: () => Promise<unknown> },
): Promise<ReadText> {
  const steps = readSteps(text, options);
  for (let sliceBegan = performance.now(); ; ) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (performance.now() - sliceBegan < SLICE_MS) continue;
    await options.pause();
    sliceBegan = performance.now();
  }
}

const SLICE_MS = 8;

/** Reads a text, yielding after each document. */
function* readSteps(text: string, options: ReadOptions): Generator<undefined, ReadText, undefined> {
  const { file, limits = DEFAULT_READ_LIMITS, content = 'objects' } = options;
  const body = text.startsWith('\ufeff') ? text.slice(1) : text;
  const json = file.toLowerCase().endsWith('.json');
  const { chunks, longSeparators } = json
    ? { chunks: body.trim() === '' ? [] : [{ text: body, line: 0 }], longSeparators: [] }
    : splitDocuments(body);
  const diagnostics: Diagnostic[] = longSeparators.map(({ line, length }) =>
    diagnostic('HED004', {
      range: { file, start: { line: line + 1, column: 1 }, end: { line: line + 1, column: length + 1 } },
      message: `found a line of ${length} dashes, which is read as a document separator`,
      effect: 'kubectl and other tools refuse the file',
      fix: 'write exactly three dashes: ---',
    }),
  );
  const kept = new Map<string, ReadChunk>();
  const objects: ReadObject[] = [];
  let sound = true;
  for (const { text: chunkText, line } of chunks) {
    const read =
      kept.get(chunkText) ?? options.previous?.chunks.get(chunkText) ?? readChunk(chunkText, json, limits, content);
    kept.set(chunkText, read);
    const rangeOf = (start: number, end: number): SourceRange => ({
      file,
      start: positionAt(chunkText, start, line),
      end: positionAt(chunkText, end, line),
    });
    if (read.syntax !== undefined) {
      sound = false;
      const { code, message, start, end } = read.syntax;
      diagnostics.push(diagnostic(code, { range: rangeOf(start, end), message }));
    }
    for (const item of read.items) objects.push(readObject(item, read.chunk, rangeOf));
    yield;
  }
  return { sound, objects, diagnostics, chunks: kept };
}

function readChunk(text: string, json: boolean, limits: ReadLimits, content: FileContent): ReadChunk {
  const chunk: ChunkText = { text };
  const refuse = (code: DiagnosticCode, message: string, start: number, end = start + 1): ReadChunk => ({
    chunk,
    syntax: { code, message, start, end },
    items: [],
  });
  const deep = flowDepthExceeded(text, limits.maxFlowDepth);
  if (deep !== undefined)
    return refuse('HED003', `found more than ${limits.maxFlowDepth} open brackets, wanted less nesting`, deep);
  if (json) {
    const problem = jsonProblem(text);
    if (problem !== undefined) return refuse('HED002', problem.message, problem.offset);
  }
  const items: ReadItem[] = [];
  try {
    for (const [documentIndex, document] of parseYaml(text).entries()) {
      const [error] = [...document.errors, ...document.warnings];
      if (error !== undefined) {
        const code = error.code === 'RESOURCE_EXHAUSTION' ? 'HED003' : 'HED002';
        return refuse(code, syntaxMessage(error), error.pos[0], error.pos[1]);
      }
      if (document.contents === null) continue;
      const value = valueOf(document, limits);
      if ('problem' in value) return refuse(value.code, value.problem, document.range[0]);
      items.push(
        ...(content === 'mesh-config' ? settingsOf(value.value, documentIndex) : itemsOf(value.value, documentIndex)),
      );
    }
  } catch (error) {
    // The reader recurses into nested collections: what exceeds its stack exceeds any sensible nesting.
    if (error instanceof RangeError) return refuse('HED003', 'found deeper nesting than can be read, wanted less', 0);
    throw error;
  }
  return { chunk, items };
}

function valueOf(
  document: Document.Parsed,
  limits: ReadLimits,
): { readonly value: unknown } | { readonly code: DiagnosticCode; readonly problem: string } {
  try {
    const value: unknown = document.toJS({ maxAliasCount: limits.maxAliases });
    if (containsItself(value))
      return { code: 'HED002', problem: 'found an alias inside of what it stands for, wanted no circle' };
    return { value };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return error.message.startsWith('Excessive alias count')
      ? {
          code: 'HED003',
          problem: `found aliases that multiply to more than ${limits.maxAliases} values, wanted fewer`,
        }
      : {
          code: 'HED002',
          problem: 'found an alias of something that is not complete yet, wanted an anchor that stands before it',
        };
  }
}

/** Whether a value is part of itself, as aliases can make it; everything after this takes values for trees. */
function containsItself(value: unknown): boolean {
  const around = new Set<object>();
  const sound = new Set<object>();
  const visit = (part: unknown): boolean => {
    if (typeof part !== 'object' || part === null || sound.has(part)) return false;
    if (around.has(part)) return true;
    around.add(part);
    const circular = Object.values(part).some(visit);
    around.delete(part);
    sound.add(part);
    return circular;
  };
  return visit(value);
}

/** The objects of one document: itself, or the items of a List (`v1 List`, `PodList`, …), which `kubectl get -o yaml` writes. */
function itemsOf(value: unknown, documentIndex: number, base: FieldPath = []): readonly ReadItem[] {
  if (base.length < 8 && isList(value)) {
    return value.items.flatMap((item, index) => itemsOf(item, documentIndex, [...base, 'items', index]));
  }
  const settings = meshConfigMap(value);
  if (settings !== undefined) return [{ documentIndex, base, ...settings }];
  const { object, identity, problems } = parseObject(value);
  return [{ documentIndex, base, object, identity, problems }];
}

/** A document of a MeshConfig file; it may also be the object, or the ConfigMap, that such a file is made from. */
function settingsOf(value: unknown, documentIndex: number): readonly ReadItem[] {
  const isObject = typeof value === 'object' && value !== null && 'kind' in value && 'apiVersion' in value;
  if (isObject) return itemsOf(value, documentIndex);
  return [{ documentIndex, base: [], ...meshConfigDocument(value) }];
}

function isList(value: unknown): value is { readonly items: readonly unknown[] } {
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('items' in value)) return false;
  return typeof value.kind === 'string' && value.kind.endsWith('List') && Array.isArray(value.items);
}

function readObject(
  item: ReadItem,
  chunk: ChunkText,
  rangeOf: (start: number, end: number) => SourceRange,
): ReadObject {
  const locate = (path: FieldPath, prefer: 'key' | 'value'): SourceRange | undefined => {
    const span =
      item.place === undefined
        ? locateInChunk(chunk, item.documentIndex, [...item.base, ...path], prefer)
        : item.place(chunk, item.documentIndex, item.base, path, prefer);
    return span === undefined ? undefined : rangeOf(span.start, span.end);
  };
  const diagnostics = item.problems.map((problem): Diagnostic => {
    const range = locate(problem.path, problem.code === 'unknown-field' ? 'key' : 'value');
    return diagnostic(CODES[problem.code], {
      ...(item.identity === undefined ? {} : { resource: item.identity }),
      path: problem.path,
      ...(range === undefined ? {} : { range }),
      message: problem.message,
      ...(problem.code === 'not-applied' ? { effect: 'it changes nothing' } : {}),
      ...(problem.code === 'kind-not-applied' ? { effect: 'the object changes nothing' } : {}),
      ...(problem.suggestion === undefined ? {} : { fix: `write "${problem.suggestion}"` }),
    });
  });
  const refused = item.problems.some((problem) => problem.severity === 'error');
  return {
    outcome: item.object !== undefined ? 'used' : refused ? 'refused' : 'left-out',
    ...(item.object === undefined ? {} : { object: item.object }),
    ...(item.identity === undefined ? {} : { identity: item.identity }),
    origin: { locate: (path) => locate(path, 'value') },
    diagnostics,
  };
}

const CODES: Readonly<Record<FieldProblem['code'], DiagnosticCode>> = {
  'not-an-object': 'HED005',
  'unknown-kind': 'HED006',
  'kind-not-applied': 'HED007',
  'kind-without-meaning': 'HED010',
  'invalid-name': 'HED009',
  'unknown-field': 'HED101',
  'missing-field': 'HED102',
  'wrong-type': 'HED103',
  'invalid-value': 'HED104',
  'conflicting-fields': 'HED105',
  'not-applied': 'HED106',
};

/** Offset of the bracket that opens one level too many; brackets in text count too, which only matters for unbalanced hundreds. */
function flowDepthExceeded(text: string, limit: number): number | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const sign = text.charCodeAt(at);
    if (sign === 0x5b || sign === 0x7b) {
      if (++depth > limit) return at;
    } else if ((sign === 0x5d || sign === 0x7d) && depth > 0) depth--;
  }
  return undefined;
}
