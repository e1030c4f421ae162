import { Status } from './abi.ts';

/** Properties that a context has declared (`declare_property`): a name is declared once. */
export class DeclaredProperties {
  readonly #isReadOnly = new Map<string, boolean>();

  declare(name: string, isReadOnly: boolean): Status {
    if (this.#isReadOnly.has(name)) return Status.BAD_ARGUMENT;
    this.#isReadOnly.set(name, isReadOnly);
    return Status.OK;
  }

  /** Whether a property may be set only once. */
  isReadOnly(name: string): boolean {
    return this.#isReadOnly.get(name) === true;
  }
}
