import type { SourcePlace, TracedModule } from './traced-module.ts';

/** A function on the stack of a module that failed. */
export interface TrapFrame {
  /** Of the code in the module's file. */
  readonly offset: number;
  /** As the log has it. */
  readonly name: string;
}

/** A failure of a module, as a log tells it. */
export interface Trap {
  /** The callback that failed. */
  readonly callback: string;
  /** V8's word for it: `unreachable`, `memory access out of bounds`. */
  readonly reason: string;
  /** What the module said before it failed: an abort's message with its place. */
  readonly message: string | undefined;
  /** The plugin's name, if it said something. */
  readonly plugin: string | undefined;
  /** Innermost first; empty if the module keeps no names: Envoy shows no backtrace then. */
  readonly frames: readonly TrapFrame[];
}

/** A frame, and where it is in the sources. */
export interface TracedFrame extends TrapFrame {
  /** See `TracedModule.placesAt`; empty if it is not known. */
  readonly places: readonly SourcePlace[];
}

/** A failure, and which module it is of. */
export interface TracedTrap extends Omit<Trap, 'frames'> {
  readonly frames: readonly TracedFrame[];
  /** Name of the module whose functions these are; undefined if none of those given is. */
  readonly module: string | undefined;
}

// Envoy: `…[error][wasm] [source/…/wasm_vm.cc:38] Function: proxy_on_tick failed: Uncaught RuntimeError: unreachable`, then
// `Proxy-Wasm plugin in-VM backtrace:` and a line for each function, `  0:  0x232 - assembly/index/name`.
const FAILED = /Function: (\S+) failed: (?:Uncaught )?(?:RuntimeError: )?(.*?)"?,?\s*$/;
const FRAME = /(?:^|\s)(\d+):\s+0x([0-9a-f]+) - (.*?)"?,?\s*$/;
// `…[critical][wasm] [source/…/context.cc:1160] wasm log my-filter: abort: too few at assembly/index.ts:3:5`; the name may be followed
// by a root identifier and a VM identifier.
const SAID = /wasm log(?: ([^:]*))?: (.*?)"?,?\s*$/;

/** Finds the failures in Envoy's log, of any format: text or JSON lines, with or without what a collector puts in front. */
export function readTraps(log: string): readonly Trap[] {
  const traps: Trap[] = [];
  let said: { readonly plugin: string | undefined; readonly message: string } | undefined;
  let open: TrapFrame[] | undefined;
  for (const line of log.split(/\r?\n|\\n/)) {
    const failed = FAILED.exec(line);
    const frame = open === undefined ? null : FRAME.exec(line);
    const message = SAID.exec(line);
    if (failed !== null) {
      open = [];
      const [, callback = '', reason = ''] = failed;
      traps.push({ callback, reason, message: said?.message, plugin: said?.plugin, frames: open });
      said = undefined;
    } else if (frame !== null) {
      const [, , offset = '', name = ''] = frame;
      open?.push({ offset: Number.parseInt(offset, 16), name });
    } else if (message !== null) {
      open = undefined;
      // Only an abort says why it fails; any other line of the log may be of another request.
      const [, plugin, text = ''] = message;
      said =
        text.startsWith('abort: ') || /^.* \(.*:\d+:\d+\)$/.test(text)
          ? { plugin: plugin?.trim(), message: text }
          : undefined;
    }
  }
  return traps;
}

/**
 * Finds the places of a failure.
 *
 * @param modules by a name for the reader; the one is taken that has functions of these names at these offsets
 */
export function locateTrap(trap: Trap, modules: ReadonlyMap<string, TracedModule>): TracedTrap {
  const ranked = [...modules]
    .map(([name, module]) => ({
      name,
      module,
      hits: trap.frames.filter((frame) => module.functionAt(frame.offset) === frame.name).length,
    }))
    .sort((a, b) => b.hits - a.hits);
  const best = ranked[0] !== undefined && ranked[0].hits > 0 ? ranked[0] : undefined;
  return {
    ...trap,
    module: best?.name,
    frames: trap.frames.map((frame) => ({
      ...frame,
      places: best?.module.functionAt(frame.offset) === frame.name ? best.module.placesAt(frame.offset) : [],
    })),
  };
}

// V8 in Node and Deno: `at NAME (wasm://wasm/0a1b2c:wasm-function[12]:0x232)`.
const STACK_FRAME = /at (.*?) \(wasm:\/\/[^)]*:0x([0-9a-f]+)\)/g;

/** The frames of a failure in this process, by the error that WebAssembly threw. */
export function stackFrames(error: Error): readonly TrapFrame[] {
  return [...(error.stack ?? '').matchAll(STACK_FRAME)].map(([, name = '', offset = '']) => ({
    name,
    offset: Number.parseInt(offset, 16),
  }));
}

/** A failure for people: what, where, and the line of the filter in question. */
export function formatTrap(trap: TracedTrap): string {
  const lines = [`${trap.plugin === undefined ? '' : `${trap.plugin}: `}${trap.callback} failed: ${trap.reason}`];
  if (trap.message !== undefined) lines.push(`  ${trap.message}`);
  if (trap.frames.length === 0) {
    lines.push('  no backtrace: the module was built without the names of its functions');
    return lines.join('\n');
  }
  if (trap.module === undefined)
    lines.push('  none of the modules has these functions at these places: was it another build?');
  let hasShown = false;
  for (const { name, offset, places } of trap.frames) {
    const [inner, outer] = places;
    const where = inner === undefined ? `0x${offset.toString(16)}` : readablePlace(inner);
    lines.push(`  at ${name} (${where}${outer === undefined ? '' : `, from ${readablePlace(outer)}`})`);
    const own = places.find(({ file }) => !file.startsWith('~lib/'));
    if (own?.source === undefined || hasShown) continue;
    hasShown = true;
    const indent = own.source.slice(0, own.column - 1).replaceAll(/[^\t]/g, ' ');
    lines.push(`    ${String(own.line).padStart(5)} │ ${own.source}`, `          │ ${indent}^`);
  }
  if (trap.module !== undefined && !hasShown) {
    lines.push(
      '  the optimiser has left no trace of your own line: a module of heddle wasm build --no-optimize shows it',
    );
  }
  return lines.join('\n');
}

function readablePlace({ file, line, column }: SourcePlace): string {
  return `${file}:${line}:${column}`;
}
