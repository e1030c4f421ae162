import { Status } from './abi.ts';
import type { GuestContext } from './context.ts';
import { readFields } from './protobuf-fields.ts';

/**
 * A function of the host that modules may call by name (`proxy_call_foreign_function`), in the name of a context.
 *
 * @param args the module's bytes; the function may keep them
 */
export type ForeignFunction = (
  args: Uint8Array<ArrayBuffer>,
  context: GuestContext,
) => {
  readonly status: Status;
  readonly result: Uint8Array;
};

const text = new TextDecoder();
const NOTHING = new Uint8Array();

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

  // DeclarePropertyArguments: name 1, readonly 2, type 3, schema 4, span 5. Types and spans make no difference here: values are bytes, and
  // live as long as their stream.
  declare_property: (args, context) => {
    const fields = readFields(args);
    if (fields === undefined) return answer(Status.BAD_ARGUMENT);
    return answer(context.declareProperty(text.decode(fields.bytes(1) ?? NOTHING), fields.number(2) === 1));
  },

  // SetEnvoyFilterStateArguments: path 1, value 2, span 3.
  set_envoy_filter_state: (args, context) => {
    const fields = readFields(args);
    if (fields === undefined) return answer(Status.BAD_ARGUMENT);
    return answer(context.setFilterState(text.decode(fields.bytes(1) ?? NOTHING), fields.bytes(2) ?? new Uint8Array()));
  },
};
