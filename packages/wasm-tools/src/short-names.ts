import { readWasmBinary } from './wasm-binary.ts';

const CUSTOM = 0;
/** The subsection of functions (WebAssembly Core Specification, "Custom Sections"). */
const FUNCTION_NAMES = 1;
/** Where asc says that the SDK's functions are; half of what a small filter's names would be made of. */
const SDK_PATH = '~lib/@heddle/wasm-sdk/assembly/';
const SDK = 'sdk/';

/**
 * Leaves of a module's names what a backtrace shows: those of functions, with the SDK's as `sdk/headers/Headers#get`. Of other kinds, such
 * as globals, nobody is told. All code stays at its offset, since names stand behind it.
 *
 * @param wasm a module as asc makes it
 * @returns the module itself if it keeps no names
 */
export function shortenNames(wasm: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const { functionNames, namesSection } = readWasmBinary(wasm);
  if (namesSection === undefined) return wasm;
  const names = [...functionNames].flatMap(([index, name]) => [...u32(index), ...text(name.replaceAll(SDK_PATH, SDK))]);
  const subsection = [FUNCTION_NAMES, ...sized([...u32(functionNames.size), ...names])];
  const section = [CUSTOM, ...sized([...text('name'), ...subsection])];
  return Uint8Array.from([...wasm.subarray(0, namesSection.start), ...section, ...wasm.subarray(namesSection.end)]);
}

function text(value: string): number[] {
  return sized([...new TextEncoder().encode(value)]);
}

function sized(bytes: readonly number[]): number[] {
  return [...u32(bytes.length), ...bytes];
}

/** An unsigned number in LEB128. */
function u32(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...u32(value >>> 7)];
}
