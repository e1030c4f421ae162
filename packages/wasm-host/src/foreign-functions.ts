import { Status } from './abi.ts';
import type { GuestContext } from './context.ts';
import { readFields } from './protobuf-fields.ts';

/** Whom a callback is about, whatever context the module has made effective since. */
export interface ForeignCaller {
  readonly context: GuestContext;
  /** The plugin it belongs to: the same object as long as the plugin runs. */
  readonly root: GuestContext;
}

/**
 * A function of the host that modules may call by name (`proxy_call_foreign_function`), in the name of a context.
 *
 * @param args the module's bytes; the function may keep them
 * @param caller whom the callback is about, for functions to which an effective context makes no difference
 */
export type ForeignFunction = (
  args: Uint8Array<ArrayBuffer>,
  context: GuestContext,
  caller: ForeignCaller,
) => {
  readonly status: Status;
  readonly result: Uint8Array;
};

/**
 * Functions of the host by name; or what loads them, called only for a module that calls functions of the host at all. `() =>
 * import('@heddle/wasm-host/cel')` and the like cost other modules nothing.
 */
export type ForeignFunctions =
  | Readonly<Record<string, ForeignFunction>>
  | (() => Promise<Readonly<Record<string, ForeignFunction>>>);

/** The functions that a module is to have. */
export async function foreignFunctionsFor(
  module: WebAssembly.Module,
  functions: ForeignFunctions,
): Promise<Readonly<Record<string, ForeignFunction>>> {
  if (typeof functions !== 'function') return functions;
  const callsAny = WebAssembly.Module.imports(module).some(({ name }) => name === 'proxy_call_foreign_function');
  return callsAny ? functions() : {};
}

const text = new TextDecoder();
const NOTHING = new Uint8Array();

/** Of `envoy.source.extensions.common.wasm.WasmType`. */
const WASM_TYPE_STRING = 1;

const answer = (status: Status) => ({ status, result: NOTHING });

/**
 * Envoy's functions that need nothing of the machine around (source/extensions/common/wasm/foreign.cc): every VM has them. Arguments are
 * encoded messages of `envoy.source.extensions.common.wasm`.
 */
export const builtInForeignFunctions: Readonly<Record<string, ForeignFunction>> = {
  clear_route_cache: (_args, context) => {
    context.clearRouteCache();
    return answer(Status.OK);
  },

  // DeclarePropertyArguments: name 1, readonly 2, type 3, schema 4, span 5. Values live as long as their stream; of types, expressions tell
  // text from bytes.
  declare_property: (args, context) => {
    const fields = readFields(args);
    if (fields === undefined) return answer(Status.BAD_ARGUMENT);
    return answer(
      context.declareProperty(
        text.decode(fields.bytes(1) ?? NOTHING),
        fields.number(2) === 1,
        fields.number(3) === WASM_TYPE_STRING,
      ),
    );
  },

  // SetEnvoyFilterStateArguments: path 1, value 2, span 3.
  set_envoy_filter_state: (args, context) => {
    const fields = readFields(args);
    if (fields === undefined) return answer(Status.BAD_ARGUMENT);
    return answer(context.setFilterState(text.decode(fields.bytes(1) ?? NOTHING), fields.bytes(2) ?? new Uint8Array()));
  },
};
