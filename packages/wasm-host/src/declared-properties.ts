import { Status } from './abi.ts';

/** Properties that a context has declared (`declare_property`): a name is declared once. */
export class DeclaredProperties {
  readonly #isReadOnly = new Map<string, boolean>();
  readonly #texts = new Set<string>();

  declare(name: string, isReadOnly: boolean, isText: boolean): Status {
    if (this.#isReadOnly.has(name)) return Status.BAD_ARGUMENT;
    this.#isReadOnly.set(name, isReadOnly);
    if (isText) this.#texts.add(name);
    return Status.OK;
  }

  /** Whether a property may be set only once. */
  isReadOnly(name: string): boolean {
    return this.#isReadOnly.get(name) === true;
  }

  /** Whether expressions see a property as text rather than bytes. */
  isText(name: string): boolean {
    return this.#texts.has(name);
  }
}
