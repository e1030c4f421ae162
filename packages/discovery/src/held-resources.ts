import type { ResourcesByName, XdsResource } from '@heddle/model';

/** What a client holds under one name. */
export interface HeldResource {
  readonly version: string;
  /** Unknown when the client only stated a version, on reconnect. */
  readonly resource?: XdsResource;
}

const NOTHING: ResourcesByName = new Map();

/**
 * What one client holds of one type, as far as the server knows: what it was last sent, or said it had when it connected.
 *
 * Most of the time a client holds exactly what its view offers, and so do hundreds of others. That state is one reference to the
 * view's own map (`base`); only differences are stored (`overlay`; `undefined` there means "not held although the base has it").
 */
export class HeldResources {
  readonly #isWanted: (name: string) => boolean;
  #base: ResourcesByName = NOTHING;
  readonly #overlay = new Map<string, HeldResource | undefined>();

  /** `isWanted` limits the base to the names that the client is subscribed to. */
  constructor(isWanted: (name: string) => boolean) {
    this.#isWanted = isWanted;
  }

  get(name: string): HeldResource | undefined {
    if (this.#overlay.has(name)) return this.#overlay.get(name);
    const resource = this.#isWanted(name) ? this.#base.get(name) : undefined;
    return resource === undefined ? undefined : { version: resource.version, resource };
  }

  /** The version held, without building an object. */
  version(name: string): string | undefined {
    if (this.#overlay.has(name)) return this.#overlay.get(name)?.version;
    return this.#isWanted(name) ? this.#base.get(name)?.version : undefined;
  }

  set(name: string, held: HeldResource): void {
    this.#overlay.set(name, held);
  }

  drop(name: string): void {
    if (this.#base.has(name)) this.#overlay.set(name, undefined);
    else this.#overlay.delete(name);
  }

  /** Every name held. */
  *names(): IterableIterator<string> {
    for (const [name, held] of this.#overlay) if (held !== undefined) yield name;
    for (const name of this.#base.keys()) if (!this.#overlay.has(name) && this.#isWanted(name)) yield name;
  }

  /** Declares that the client holds exactly those resources of `base` that it wants. */
  share(base: ResourcesByName): void {
    this.#base = base;
    this.#overlay.clear();
  }

  /** Copies what the base stands for, before the answer of `isWanted` changes for names of the base. */
  unshare(): void {
    for (const name of this.names()) if (!this.#overlay.has(name)) this.#overlay.set(name, this.get(name));
    this.#base = NOTHING;
  }

  /** Forgets what is no longer wanted. */
  prune(): void {
    for (const [name, held] of this.#overlay) {
      if (held === undefined ? !this.#base.has(name) : !this.#isWanted(name)) this.#overlay.delete(name);
    }
  }

  /** How many differences from the shared base are stored. */
  get differences(): number {
    return this.#overlay.size;
  }
}
