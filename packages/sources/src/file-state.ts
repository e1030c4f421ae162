import type { ObjectIdentity } from '@heddle/api';
import { type Diagnostic, type DiagnosticCode, diagnostic, refKey, type SourcedObject } from '@heddle/model';
import type { ReadText } from './documents.ts';

/**
 * What one file contributes. It outlives bad edits: an object that is refused keeps its last good version, objects that are missing from a
 * file with a refused one are kept, and a file that cannot be read keeps all of its objects, while the diagnostics always speak of the present text.
 */
export interface FileState {
  readonly objects: readonly SourcedObject[];
  readonly diagnostics: readonly Diagnostic[];
  /** The last reading, for the next one to reuse. */
  readonly read?: ReadText;
}

const KEPT_FILE = 'the last good state of the file stays in use';
const KEPT_OBJECT = 'its last good version stays in use';
const UNUSED_OBJECT = 'the object is not used';

/** The state of a file after reading its text. */
export function stateAfterReading(read: ReadText, previous?: FileState): FileState {
  if (!read.sound) {
    const kept = previous?.objects ?? [];
    return {
      objects: kept,
      diagnostics: read.diagnostics.map((found) =>
        found.severity === 'error'
          ? { effect: kept.length > 0 ? KEPT_FILE : 'nothing of the file is used', ...found }
          : found,
      ),
      read,
    };
  }
  const before = new Map((previous?.objects ?? []).map((sourced) => [keyOf(sourced), sourced]));
  const objects: SourcedObject[] = [];
  const diagnostics: Diagnostic[] = [...read.diagnostics];
  const named = new Set<string>();
  for (const one of read.objects) {
    const kept = one.identity === undefined ? undefined : before.get(identityKey(one.identity));
    if (one.identity !== undefined) named.add(identityKey(one.identity));
    if (one.object !== undefined) objects.push({ object: one.object, origin: one.origin });
    else if (one.outcome === 'refused' && kept !== undefined) objects.push({ object: kept.object, origin: one.origin });
    const effect = kept === undefined ? UNUSED_OBJECT : KEPT_OBJECT;
    diagnostics.push(...one.diagnostics.map((found) => (found.severity === 'error' ? { effect, ...found } : found)));
  }
  // A file with a refused document may be half written, or misspell which object it is: nothing that is missing is dropped for it.
  if (read.objects.some((one) => one.outcome === 'refused')) {
    for (const [key, sourced] of before) if (!named.has(key)) objects.push(sourced);
  }
  return { objects, diagnostics, read };
}

/** The state of a file that could not be read: what it was, and why. */
export function stateAfterFailure(
  failure: { readonly code: DiagnosticCode; readonly file: string; readonly message: string; readonly fix?: string },
  previous?: FileState,
): FileState {
  const kept = previous?.objects ?? [];
  const start = { line: 1, column: 1 };
  const found = diagnostic(failure.code, {
    range: { file: failure.file, start, end: start },
    message: failure.message,
    effect: kept.length > 0 ? KEPT_FILE : 'nothing of it is used',
    ...(failure.fix === undefined ? {} : { fix: failure.fix }),
  });
  return { objects: kept, diagnostics: [found], ...(previous?.read === undefined ? {} : { read: previous.read }) };
}

function keyOf({ object }: SourcedObject): string {
  return identityKey({ kind: object.kind, namespace: object.metadata.namespace ?? '', name: object.metadata.name });
}

function identityKey(identity: ObjectIdentity): string {
  return refKey(identity);
}
