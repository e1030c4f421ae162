import {
  ClassDeclaration,
  ExportStatement,
  ImportStatement,
  MethodDeclaration,
  type Parser,
  type Source,
  type Statement,
} from 'assemblyscript';
import type { BaseClass } from './callbacks.ts';
import { CALLBACKS } from './callbacks.ts';

/** Where the SDK's own files stand for the compiler. */
export const SDK_PATH = '~lib/@heddle/wasm-sdk/assembly/';

/** A class that stands, directly or not, on one of the SDK's. */
export interface DerivedClass {
  readonly name: string;
  readonly base: BaseClass;
  readonly declaration: ClassDeclaration;
  readonly source: Source;
  /** Names of its own methods, not of those it inherits. */
  readonly methods: readonly string[];
}

interface Declared {
  readonly declaration: ClassDeclaration;
  readonly source: Source;
}

// CommonFlags.Export and Static of the compiler, constants that only it can import.
export const EXPORT = 1 << 1;
const STATIC = 1 << 5;

/** The classes of a program, by what they extend: names are followed through imports and re-exports as the compiler would. */
export class ClassHierarchy {
  readonly #sources: ReadonlyMap<string, Source>;

  constructor(parser: Parser) {
    this.#sources = new Map(parser.sources.map((source) => [source.internalPath, source]));
  }

  /** All classes outside the SDK that stand on one of its classes. */
  derived(): DerivedClass[] {
    return [...this.#sources.values()]
      .filter(({ internalPath }) => !internalPath.startsWith(SDK_PATH))
      .flatMap((source) =>
        source.statements.flatMap((statement) =>
          statement instanceof ClassDeclaration ? this.#derived({ declaration: statement, source }) : [],
        ),
      );
  }

  /** Those of them that a file exports, also from other files. */
  exportedBy(source: Source): DerivedClass[] {
    const found = new Map<ClassDeclaration, DerivedClass>();
    for (const name of exportedNames(source)) {
      const declared = this.#exported(source, name, 0);
      for (const derived of declared === undefined ? [] : this.#derived(declared)) {
        found.set(derived.declaration, { ...derived, name });
      }
    }
    return [...found.values()];
  }

  #derived(declared: Declared): DerivedClass[] {
    const base = this.#baseOf(declared, 0);
    if (base === undefined) return [];
    const { declaration, source } = declared;
    const methods = declaration.members.flatMap((member) =>
      member instanceof MethodDeclaration && (member.flags & STATIC) === 0 ? [member.name.text] : [],
    );
    return [{ name: declaration.name.text, base, declaration, source, methods }];
  }

  #baseOf({ declaration, source }: Declared, depth: number): BaseClass | undefined {
    const { extendsType } = declaration;
    // A class that extends itself in a circle is for the compiler to refuse.
    if (extendsType === null || depth > MAX_DEPTH) return undefined;
    const names: string[] = [];
    for (let part: typeof extendsType.name | null = extendsType.name; part !== null; part = part.next) {
      names.push(part.identifier.text);
    }
    const parent = this.#resolve(source, names, 0);
    if (parent === undefined) return undefined;
    const { text } = parent.declaration.name;
    if (parent.source.internalPath.startsWith(SDK_PATH) && Object.hasOwn(CALLBACKS, text)) return text as BaseClass;
    return this.#baseOf(parent, depth + 1);
  }

  /** What a name means in a file: `X`, or `namespace.X` behind `import * as namespace`. */
  #resolve(source: Source, [first, second]: readonly string[], depth: number): Declared | undefined {
    if (first === undefined || depth > MAX_DEPTH) return undefined;
    for (const statement of source.statements) {
      if (isClass(statement, first)) return { declaration: statement, source };
      if (!(statement instanceof ImportStatement)) continue;
      const from = this.#source(statement.internalPath);
      if (from === undefined) continue;
      if (statement.namespaceName?.text === first) {
        return second === undefined ? undefined : this.#exported(from, second, depth + 1);
      }
      const imported = statement.declarations?.find(({ name }) => name.text === first);
      if (imported !== undefined) return this.#exported(from, imported.foreignName.text, depth + 1);
    }
    return undefined;
  }

  #exported(source: Source, name: string, depth: number): Declared | undefined {
    if (depth > MAX_DEPTH) return undefined;
    for (const statement of source.statements) {
      if (isClass(statement, name) && (statement.flags & EXPORT) !== 0) return { declaration: statement, source };
      if (!(statement instanceof ExportStatement)) continue;
      const from = statement.internalPath === null ? undefined : this.#source(statement.internalPath);
      if (statement.members === null) {
        const found = from === undefined ? undefined : this.#exported(from, name, depth + 1);
        if (found !== undefined) return found;
        continue;
      }
      const member = statement.members.find(({ exportedName }) => exportedName.text === name);
      if (member === undefined) continue;
      const local = member.localName.text;
      return from === undefined ? this.#resolve(source, [local], depth + 1) : this.#exported(from, local, depth + 1);
    }
    return undefined;
  }

  #source(path: string): Source | undefined {
    return (
      this.#sources.get(path) ?? this.#sources.get(`${path}/index`) ?? this.#sources.get(path.replace(/\/index$/, ''))
    );
  }
}

const MAX_DEPTH = 64;

function isClass(statement: Statement, name: string): statement is ClassDeclaration {
  return statement instanceof ClassDeclaration && statement.name.text === name;
}

function exportedNames(source: Source): string[] {
  return source.statements.flatMap((statement) => {
    if (statement instanceof ClassDeclaration) return (statement.flags & EXPORT) === 0 ? [] : [statement.name.text];
    if (statement instanceof ExportStatement)
      return statement.members?.map(({ exportedName }) => exportedName.text) ?? [];
    return [];
  });
}
