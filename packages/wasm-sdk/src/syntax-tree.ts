import {
  ArrayLiteralExpression,
  CallExpression,
  ExpressionStatement,
  FunctionDeclaration,
  IdentifierExpression,
  ImportStatement,
  NewExpression,
  Node,
  PropertyAccessExpression,
  Source,
  StringLiteralExpression,
  ThrowStatement,
} from 'assemblyscript';
import { SDK_PATH } from './class-hierarchy.ts';

/** Levels whose lines are worth a question first; errors are logged in any case. */
const LEVELS: readonly string[] = ['trace', 'debug', 'info', 'warn'];

/**
 * Puts `if (log.wants_debug())` before statements such as `log.debug(…)`, so that their argument is made only if it is logged.
 */
export function guardLogging(source: Source): void {
  const names = localNames(source, 'log');
  if (names.size === 0) return;
  visit(source, (parent, replace, child) => {
    // The body of an arrow function is its result, not a statement.
    if (parent instanceof FunctionDeclaration || !(child instanceof ExpressionStatement)) return;
    const call = child.expression;
    if (!(call instanceof CallExpression) || !(call.expression instanceof PropertyAccessExpression)) return;
    const { expression: target, property } = call.expression;
    if (!(target instanceof IdentifierExpression) || !names.has(target.text) || !LEVELS.includes(property.text)) return;
    const { range } = child;
    const wants = Node.createPropertyAccessExpression(
      Node.createIdentifierExpression(target.text, range),
      Node.createIdentifierExpression(`wants_${property.text}`, range),
      range,
    );
    replace(Node.createIfStatement(Node.createCallExpression(wants, null, [], range), child, null, range));
  });
}

/** Lets what throws or asserts trap by `unreachable()`: it fails in either case, but without the texts that tell of it. */
export function trapSilently(source: Source): void {
  visit(source, (_parent, replace, child) => {
    const { range } = child;
    const trap = () =>
      Node.createExpressionStatement(
        Node.createCallExpression(Node.createIdentifierExpression('unreachable', range), null, [], range),
      );
    if (child instanceof ThrowStatement) replace(trap());
    if (!(child instanceof ExpressionStatement) || !(child.expression instanceof CallExpression)) return;
    const { expression, args } = child.expression;
    const [condition] = args;
    if (!(expression instanceof IdentifierExpression) || expression.text !== 'assert' || condition === undefined)
      return;
    replace(Node.createIfStatement(condition, Node.createEmptyStatement(range), trap(), range));
  });
}

/** Names of labels that a file gives to families of metrics: `new MetricFamily<Counter>("requests_total", ["code"])`. */
export function metricLabels(source: Source): string[] {
  const names = localNames(source, 'MetricFamily');
  const labels: string[] = [];
  visit(source, (_parent, _replace, child) => {
    if (!(child instanceof NewExpression) || !names.has(child.typeName.identifier.text)) return;
    const [, list] = child.args;
    if (!(list instanceof ArrayLiteralExpression)) return;
    for (const element of list.elementExpressions) {
      if (element instanceof StringLiteralExpression) labels.push(element.value);
    }
  });
  return labels;
}

/** What a name of the SDK is called in a file that imports it. */
function localNames(source: Source, name: string): ReadonlySet<string> {
  return new Set(
    source.statements.flatMap((statement) =>
      statement instanceof ImportStatement && `${statement.internalPath}/`.startsWith(SDK_PATH)
        ? (statement.declarations ?? [])
            .filter(({ foreignName }) => foreignName.text === name)
            .map((declaration) => declaration.name.text)
        : [],
    ),
  );
}

type Visitor = (parent: Node, replace: (node: Node) => void, child: Node) => void;

/** Visits all nodes below one, from the inside out. */
function visit(node: Node, visitor: Visitor): void {
  const fields = node as unknown as Record<string, unknown>;
  for (const [key, value] of Object.entries(fields)) {
    if (isChild(value)) {
      visit(value, visitor);
      visitor(node, (other) => void (fields[key] = other), value);
    } else if (Array.isArray(value)) {
      const list: unknown[] = value;
      list.forEach((element, index) => {
        if (!isChild(element)) return;
        visit(element, visitor);
        visitor(node, (other) => void (list[index] = other), element);
      });
    }
  }
}

function isChild(value: unknown): value is Node {
  return value instanceof Node && !(value instanceof Source);
}
