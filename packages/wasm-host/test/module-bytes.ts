/** A module by its sections, each a number and its content of less than 128 bytes. */
export function moduleOf(
  ...sections: readonly (readonly [id: number, ...content: readonly number[]])[]
): Uint8Array<ArrayBuffer> {
  const content = sections.flatMap(([id, ...bytes]) => [id, bytes.length, ...bytes]);
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...content]);
}

const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];

/** What a module that does nothing has. */
export interface EmptyModule {
  /** Functions without parameters that it imports, as `module.name`; one by default takes nothing and gives nothing. */
  readonly imports?: readonly string[];
  /** Functions that it exports; all do nothing. */
  readonly exports?: readonly string[];
  readonly memoryPages?: number;
  readonly hasMemory?: boolean;
  readonly hasStart?: boolean;
}

/** A module that does nothing: what a proxy sees of it from outside is what it is asked for. */
export function emptyModule({
  imports = [],
  exports = ['proxy_abi_version_0_2_1', 'malloc'],
  memoryPages = 1,
  hasMemory = true,
  hasStart = false,
}: EmptyModule = {}): Uint8Array<ArrayBuffer> {
  const imported = imports.flatMap((path) => {
    const [from = '', ...rest] = path.split('.');
    return [...name(from), ...name(rest.join('.')), 0, 0];
  });
  const exported = exports.flatMap((path) => [...name(path), 0, imports.length]);
  const memory = hasMemory ? [...name('memory'), 2, 0] : [];
  return moduleOf(
    [1, 1, 0x60, 0, 0],
    ...(imports.length > 0 ? [[2, imports.length, ...imported] as const] : []),
    [3, 1, 0],
    ...(hasMemory
      ? [[5, 1, 0, ...(memoryPages < 128 ? [memoryPages] : [(memoryPages & 0x7f) | 0x80, memoryPages >> 7])] as const]
      : []),
    [7, exports.length + (hasMemory ? 1 : 0), ...exported, ...memory],
    ...(hasStart ? [[8, imports.length] as const] : []),
    [10, 1, 2, 0, 0x0b],
  );
}
