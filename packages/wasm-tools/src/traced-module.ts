import { SourceMap, type SourceMapPayload } from 'node:module';
import { readWasmBinary, type WasmBinary } from './wasm-binary.ts';

/** A place in the sources. */
export interface SourcePlace {
  /** As the source map names it: `assembly/index.ts`, `~lib/array.ts`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** The line's text, if the map has it. */
  readonly source: string | undefined;
}

/** A module in which places can be found again. */
export interface TracedModule {
  /** The function around an offset in the file; undefined if there is none, or its name was not kept. */
  functionAt(offset: number): string | undefined;
  /** Where the code at an offset comes from: innermost first, so `~lib/array.ts` before the file that uses the array. */
  placesAt(offset: number): readonly SourcePlace[];
}

/**
 * Makes places of offsets, by the source map, and names by the module itself.
 *
 * @param wasm the very module that ran: another build has other offsets
 * @param sourceMap its source map in JSON, as `buildFilter` makes it; without it there are names only
 */
export function traceModule(wasm: Uint8Array, sourceMap?: string): TracedModule {
  const binary = readWasmBinary(wasm);
  const payload = sourceMap === undefined ? undefined : (JSON.parse(sourceMap) as SourceMapPayload);
  const map = payload === undefined ? undefined : new SourceMap(payload);
  return {
    functionAt: (offset) => {
      const index = bodyAt(binary, offset);
      return index === undefined ? undefined : binary.functionNames.get(index + binary.importedFunctions.length);
    },
    placesAt: (offset) => {
      const index = bodyAt(binary, offset);
      if (payload === undefined || map === undefined || index === undefined) return [];
      const { start } = binary.bodies[index] as { readonly start: number };
      return places(map, payload, start, offset);
    },
  };
}

function bodyAt({ bodies }: WasmBinary, offset: number): number | undefined {
  const index = bodies.findIndex(({ start, end }) => offset >= start && offset < end);
  return index === -1 ? undefined : index;
}

/** The nearest place before the offset, within the function; and if that is of a library, the nearest that is not. */
function places(map: SourceMap, payload: SourceMapPayload, start: number, offset: number): readonly SourcePlace[] {
  const found: SourcePlace[] = [];
  for (let at = offset; at >= start; ) {
    const entry = map.findEntry(0, at);
    if (!('generatedColumn' in entry) || entry.generatedColumn < start) break;
    if (entry.originalSource !== undefined) {
      const place = placeOf(payload, entry.originalSource, entry.originalLine, entry.originalColumn);
      const isLibrary = place.file.startsWith('~lib/');
      if (found.length === 0 || !isLibrary) found.push(place);
      if (!isLibrary) break;
    }
    at = entry.generatedColumn - 1;
  }
  return found;
}

function placeOf(payload: SourceMapPayload, file: string, line: number, column: number): SourcePlace {
  const content = payload.sourcesContent?.[payload.sources.indexOf(file)];
  return { file, line: line + 1, column: column + 1, source: content?.split('\n')[line]?.replace(/\r$/, '') };
}
