/** Flags for a module of plain functions, to be instantiated without a proxy: collecting as it goes, so that what is not rooted is lost. */
export const PLAIN_FLAGS: readonly string[] = ['--exportRuntime', '--use', 'abort=plain/abort'];

/** What calls of a plain module take and give; buffers are `Uint8Array`s, texts go in as UTF-8. */
export type PlainArgument = string | Uint8Array | number | bigint;

interface Runtime {
  readonly memory: WebAssembly.Memory;
  allocate(length: number): number;
  __pin(pointer: number): number;
  __unpin(pointer: number): void;
}

/** A module whose exported functions take and give buffers, numbers and booleans. */
export interface PlainModule {
  /** What a function that gives a buffer answers, copied. */
  bytes(name: string, ...args: readonly PlainArgument[]): Uint8Array;
  /** The same as UTF-8 text. */
  text(name: string, ...args: readonly PlainArgument[]): string;
  /** What a function that gives a number or a boolean answers. */
  number(name: string, ...args: readonly PlainArgument[]): number;
}

/** Instantiates a module of plain functions. `imports` are further functions of the module `env`. */
export function loadPlainModule(
  wasm: Uint8Array<ArrayBuffer>,
  imports: (
    memory: () => WebAssembly.Memory,
    allocate: (length: number) => number,
  ) => Record<string, (...args: number[]) => number> = () => ({}),
): PlainModule {
  const trapped = (line: number) => {
    throw new Error(`aborted at line ${line}`);
  };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), {
    env: {
      trapped,
      ...imports(
        () => runtime.memory,
        (length) => runtime.allocate(length),
      ),
    },
  });
  const runtime = instance.exports as unknown as Runtime;
  const functions = instance.exports as unknown as Record<string, (...args: (number | bigint)[]) => number>;
  functions._initialize?.();

  function call(name: string, args: readonly PlainArgument[]): number {
    const pinned: number[] = [];
    const raw = args.map((arg) => {
      if (typeof arg === 'number' || typeof arg === 'bigint') return arg;
      const bytes = typeof arg === 'string' ? new TextEncoder().encode(arg) : arg;
      const pointer = runtime.__pin(runtime.allocate(bytes.length));
      pinned.push(pointer);
      new Uint8Array(runtime.memory.buffer).set(bytes, pointer);
      return pointer;
    });
    const called = functions[name];
    if (called === undefined) throw new Error(`the module has no "${name}"`);
    const result = called(...raw);
    for (const pointer of pinned) runtime.__unpin(pointer);
    return result;
  }

  function bytes(name: string, ...args: readonly PlainArgument[]): Uint8Array {
    const pointer = call(name, args);
    // A managed object's length in bytes stands in front of it.
    const length = new DataView(runtime.memory.buffer).getUint32(pointer - 4, true);
    return new Uint8Array(runtime.memory.buffer).slice(pointer, pointer + length);
  }

  return {
    bytes,
    text: (name, ...args) => new TextDecoder().decode(bytes(name, ...args)),
    number: (name, ...args) => call(name, args),
  };
}
