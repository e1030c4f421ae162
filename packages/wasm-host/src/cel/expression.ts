import { type CelInput, type CelResult, CelScalar, celEnv, celFunc, isCelError, parse, plan } from '@bufbuild/cel';
import { RE2JS } from '@bufbuild/re2';
import { Status } from '../abi.ts';
import type { GuestContext } from '../context.ts';
import { attributesOf } from './attributes.ts';
import { serializeValue } from './serialize-value.ts';
import { WorkLimit } from './work-limit.ts';

/** An expression ready to be evaluated. */
export interface CompiledExpression {
  /** The bytes of its value for what a context sees, or why there are none. */
  evaluate(context: GuestContext): Uint8Array | Status;
}

type Expr = ReturnType<typeof parse>['expr'];
type Call = Extract<Expr['exprKind'], { case: 'callExpr' }>['value'];

/** Envoy reads up to 100,000; nobody writes that by hand, and reading it would keep the thread. */
const MAX_LENGTH = 16_384;

/** Patterns that are kept compiled: they are written in expressions, mostly. */
const MAX_PATTERNS = 100;

/** What each repetition asks first; no expression can be written that calls it. */
const STEP = '@step';

const limit = new WorkLimit();
const patterns = new Map<string, RE2JS>();

const environment = celEnv({
  funcs: [
    celFunc(STEP, [], CelScalar.BOOL, () => {
      limit.step();
      return true;
    }),
    // Envoy has it as a function, too.
    celFunc('matches', [CelScalar.STRING, CelScalar.STRING], CelScalar.BOOL, (text, pattern) =>
      matcherOf(pattern).test(text),
    ),
  ],
  re2: { compile: (pattern) => matcherOf(pattern) },
});

/** Functions that are no functions to the evaluator. */
const OPERATORS: Readonly<Record<string, number>> = {
  '_&&_': 2,
  '_||_': 2,
  '_?_:_': 3,
  '_[_]': 2,
  '@not_strictly_false': 1,
};

/** Functions and methods by name and number of arguments. */
const FUNCTIONS = new Set(
  [...environment.funcs].map((one) => key(one.name, one.target !== undefined, one.arguments.length)),
);

/**
 * Reads an expression in CEL (cel.dev) with the functions that Envoy gives to modules: the standard ones.
 *
 * @returns undefined for what is no expression, or calls what is not there
 */
export function compileExpression(source: string): CompiledExpression | undefined {
  if (source.length > MAX_LENGTH) return undefined;
  let root: Expr;
  try {
    // The library wants a line's end behind a comment.
    root = parse(`${source}\n`).expr;
  } catch {
    // Not an expression, or one too deep to be read: the module is told so.
    return undefined;
  }
  if (!prepare(root)) return undefined;
  const path = plainPath(root);
  const evaluate = plan(environment, root) as (attributes: Readonly<Record<string, CelInput>>) => CelResult;
  return {
    evaluate(context) {
      // An attribute alone is what the property is, message or not.
      const property = path === undefined ? undefined : context.property(path);
      if (property !== undefined) return property;
      limit.reset();
      const result = evaluate(attributesOf(context));
      return isCelError(result) ? Status.INTERNAL_FAILURE : serializeValue(result);
    },
  };
}

/** RE2, in time proportional to pattern times text, as in Envoy. */
function matcherOf(pattern: string): { test(text: string): boolean } {
  const compiled = patternOf(pattern);
  return {
    test: (text) => {
      limit.match(compiled.re2Input.prog.numInst(), text.length);
      return compiled.test(text);
    },
  };
}

function patternOf(pattern: string): RE2JS {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  limit.match(pattern.length, pattern.length);
  const compiled = RE2JS.compile(pattern);
  const [oldest] = patterns.size < MAX_PATTERNS ? [] : patterns.keys();
  if (oldest !== undefined) patterns.delete(oldest);
  patterns.set(pattern, compiled);
  return compiled;
}

/** Has each repetition counted. False if a part calls what is not there: Envoy refuses that before it runs. */
function prepare(root: Expr): boolean {
  const rest: (Expr | undefined)[] = [root];
  while (rest.length > 0) {
    const { exprKind } = rest.pop() ?? {};
    switch (exprKind?.case) {
      case 'callExpr':
        if (!isKnown(exprKind.value)) return false;
        rest.push(exprKind.value.target, ...exprKind.value.args);
        break;
      case 'selectExpr':
        rest.push(exprKind.value.operand);
        break;
      case 'listExpr':
        rest.push(...exprKind.value.elements);
        break;
      case 'structExpr':
        if (!isKnownMessage(exprKind.value.messageName)) return false;
        for (const { keyKind, value } of exprKind.value.entries) {
          rest.push(value);
          if (keyKind.case === 'mapKey') rest.push(keyKind.value);
        }
        break;
      case 'comprehensionExpr': {
        const { iterRange, accuInit, loopCondition, loopStep, result } = exprKind.value;
        rest.push(iterRange, accuInit, loopCondition, loopStep, result);
        if (loopCondition !== undefined) exprKind.value.loopCondition = countedCondition(loopCondition);
        break;
      }
      default:
        break;
    }
  }
  return true;
}

function isKnown({ function: name, target, args }: Call): boolean {
  if (Object.hasOwn(OPERATORS, name)) return OPERATORS[name] === args.length;
  return FUNCTIONS.has(key(name, target !== undefined, args.length));
}

/** Whether a message can be made; no name is a map. */
function isKnownMessage(name: string): boolean {
  return name === '' || environment.registry.getMessage(name.replace(/^\./, '')) !== undefined;
}

/** A call is known by its name, whether it has something before the dot, and how much is between the brackets. */
function key(name: string, hasTarget: boolean, count: number): string {
  return `${hasTarget ? '.' : ''}${name}/${count}`;
}

/** The condition of a repetition that is counted: an error of the first half is one of the whole, unless there is nothing more to repeat. */
function countedCondition(condition: Expr): Expr {
  const call = (name: string, args: Expr[]): Expr => ({
    ...condition,
    exprKind: {
      case: 'callExpr',
      value: { $typeName: 'google.api.expr.v1alpha1.Expr.Call', function: name, args } as unknown as Call,
    },
  });
  return call('_&&_', [call(STEP, []), condition]);
}

/** The names of a path such as `request.headers['a']`; undefined for what is more than that. */
function plainPath(expression: Expr): readonly string[] | undefined {
  const { exprKind } = expression;
  switch (exprKind.case) {
    case 'identExpr':
      return [exprKind.value.name];
    case 'selectExpr': {
      const { operand, field, testOnly } = exprKind.value;
      const before = operand === undefined || testOnly ? undefined : plainPath(operand);
      return before === undefined ? undefined : [...before, field];
    }
    case 'callExpr': {
      const [operand, index] = exprKind.value.args;
      if (exprKind.value.function !== '_[_]' || operand === undefined || index === undefined) return undefined;
      const name = index.exprKind.case === 'constExpr' ? index.exprKind.value.constantKind : undefined;
      const before = name?.case === 'stringValue' ? plainPath(operand) : undefined;
      return before === undefined || name?.case !== 'stringValue' ? undefined : [...before, name.value];
    }
    default:
      return undefined;
  }
}
