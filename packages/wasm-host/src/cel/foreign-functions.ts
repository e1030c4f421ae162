import { Status } from '../abi.ts';
import type { ForeignCaller, ForeignFunction } from '../foreign-functions.ts';
import { type CompiledExpression, compileExpression } from './expression.ts';

/** Expressions that a plugin may keep: they take memory of the host. */
const MAX_EXPRESSIONS = 10_000;

/** A plugin's expressions, by the number that the module knows. */
class Expressions {
  readonly #byToken = new Map<number, CompiledExpression>();
  #next = 0;

  add(expression: CompiledExpression): number | undefined {
    if (this.#byToken.size >= MAX_EXPRESSIONS) return undefined;
    while (this.#byToken.has(this.#next)) this.#next = (this.#next + 1) >>> 0;
    const token = this.#next;
    this.#next = (token + 1) >>> 0;
    this.#byToken.set(token, expression);
    return token;
  }

  get(token: number): CompiledExpression | undefined {
    return this.#byToken.get(token);
  }

  delete(token: number): void {
    this.#byToken.delete(token);
  }
}

const text = new TextDecoder('utf-8', { fatal: true });
const refused = (status: Status) => ({ status, result: new Uint8Array() });
const done = (result: Uint8Array) => ({ status: Status.OK, result });

/** By the root context: an expression belongs to a plugin and ends with it. */
const expressions = new WeakMap<ForeignCaller['root'], Expressions>();

function expressionsOf({ root }: ForeignCaller): Expressions {
  let known = expressions.get(root);
  if (known === undefined) {
    known = new Expressions();
    expressions.set(root, known);
  }
  return known;
}

/** The number of an expression: four bytes, little endian. */
function tokenOf(args: Uint8Array<ArrayBuffer>): number | undefined {
  return args.length === 4 ? new DataView(args.buffer, args.byteOffset).getUint32(0, true) : undefined;
}

/** The text of an expression; undefined for bytes that are not UTF-8. */
function sourceOf(args: Uint8Array<ArrayBuffer>): string | undefined {
  try {
    return text.decode(args);
  } catch {
    return undefined;
  }
}

/**
 * Envoy's functions for expressions in CEL over the attributes of a stream (source/extensions/common/wasm/foreign.cc): `expr_create` reads
 * one, `expr_evaluate` gives its value for the stream that the callback is about, whatever context is effective, `expr_delete` forgets it.
 *
 * @example
 * await startPlugin({ module, name: 'by-expression', foreignFunctions: celForeignFunctions });
 */
export const celForeignFunctions: Readonly<Record<string, ForeignFunction>> = {
  expr_create: (args, _context, caller) => {
    const source = sourceOf(args);
    const expression = source === undefined ? undefined : compileExpression(source);
    if (expression === undefined) return refused(Status.BAD_ARGUMENT);
    const token = expressionsOf(caller).add(expression);
    if (token === undefined) return refused(Status.INTERNAL_FAILURE);
    const result = new Uint8Array(4);
    new DataView(result.buffer).setUint32(0, token, true);
    return done(result);
  },

  expr_evaluate: (args, _context, caller) => {
    const token = tokenOf(args);
    if (token === undefined) return refused(Status.BAD_ARGUMENT);
    const expression = expressionsOf(caller).get(token);
    if (expression === undefined) return refused(Status.NOT_FOUND);
    const value = expression.evaluate(caller.context);
    return typeof value === 'number' ? refused(value) : done(value);
  },

  expr_delete: (args, _context, caller) => {
    const token = tokenOf(args);
    if (token === undefined) return refused(Status.BAD_ARGUMENT);
    expressionsOf(caller).delete(token);
    return refused(Status.OK);
  },
};
