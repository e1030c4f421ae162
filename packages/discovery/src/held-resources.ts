import type { ResourcesByName, XdsResource } from '@heddle/model';
import type { Chunk } from './chunk.ts';

/** What a client holds under one name. */
export interface HeldResource {
  readonly version: string;
  /** Unknown when the client only stated a version, on reconnect. */
  readonly resource?: XdsResource;
}

const NOTHING: ResourcesByName = new Map();
const NO_CHUNKS: readonly Chunk[] = [];

/**
 * What one client holds of one type, as far as the server knows: what it was last sent, or said it had when it connected.
 *
 * Most of the time a client holds exactly what its view offers, and so do hundreds of others. That state is one reference to the
 * view's own map (`base`); only differences are stored (`overlay`; `undefined` there means "not held although the base has it"). A client
 * that is being sent the base is on its way there: what it lacks is the rest of a list of chunks that is shared, too (`unsent`).
 */
export class HeldResources {
  readonly #isWanted: (name: string) => boolean;
  #base: ResourcesByName = NOTHING;
  #unsent: readonly Chunk[] = NO_CHUNKS;
  /** The base before, if what is unsent are new versions of what the client has. */
  #before: ResourcesByName | undefined;
  readonly #overlay = new Map<string, HeldResource | undefined>();

  /** `isWanted` limits the base to the names that the client is subscribed to. */
  constructor(isWanted: (name: string) => boolean) {
    this.#isWanted = isWanted;
  }

  get(name: string): HeldResource | undefined {
    if (this.#overlay.has(name)) return this.#overlay.get(name);
    const resource = this.#fromBase(name);
    return resource === undefined ? undefined : { version: resource.version, resource };
  }

  /** The version held, without building an object. */
  version(name: string): string | undefined {
    if (this.#overlay.has(name)) return this.#overlay.get(name)?.version;
    return this.#fromBase(name)?.version;
  }

  #fromBase(name: string): XdsResource | undefined {
    const resource = this.#base.get(name);
    if (resource === undefined || !this.#isWanted(name)) return undefined;
    return this.#isUnsent(name) ? this.#before?.get(name) : resource;
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
    for (const name of this.#base.keys()) {
      if (!this.#overlay.has(name) && this.#fromBase(name) !== undefined) yield name;
    }
  }

  /** Declares that the client holds exactly those resources of `base` that it wants. */
  share(base: ResourcesByName): void {
    this.#base = base;
    this.#unsent = NO_CHUNKS;
    this.#before = undefined;
    this.#overlay.clear();
  }

  /** The view's state that this one is told by. */
  get base(): ResourcesByName {
    return this.#base;
  }

  /** What the client had before an update that is not sent to the end; undefined if there is none. */
  get before(): ResourcesByName | undefined {
    return this.#before;
  }

  /** Whether the client holds exactly what it wants of `base`, or will when the rest of the chunks is sent. */
  follows(base: ResourcesByName): boolean {
    return this.#base === base && this.#overlay.size === 0;
  }

  /**
   * Declares that the client will hold what it wants of `base` once it was sent these chunks of it, and what was to be sent before.
   * Only for a client that {@link follows} the base, or holds and is to be sent nothing.
   */
  plan(base: ResourcesByName, chunks: readonly Chunk[]): void {
    this.#base = base;
    this.#unsent = this.#unsent.length === 0 ? chunks : [...this.#unsent, ...chunks];
  }

  /**
   * Declares that the client will hold what it wants of `base` once it was sent these chunks, new versions of what it has. Only for a
   * client that {@link follows} its base and is to be sent nothing.
   */
  planUpdate(base: ResourcesByName, chunks: readonly Chunk[]): void {
    this.#before = chunks.length === 0 ? undefined : this.#base;
    this.#base = base;
    this.#unsent = chunks;
  }

  /** What is still to be sent, in this order. */
  get unsent(): readonly Chunk[] {
    return this.#unsent;
  }

  /** Notes that the next chunk was sent. */
  takeChunk(): Chunk | undefined {
    const chunk = this.#unsent[0];
    if (chunk !== undefined) this.#leave(this.#unsent.slice(1));
    return chunk;
  }

  /** Takes chunks out of what is to be sent. What they bring is not held; their names are returned. */
  unplan(isMeant: (chunk: Chunk) => boolean = () => true): readonly string[] {
    const meant = this.#unsent.filter(isMeant);
    if (meant.length === 0) return [];
    for (const { resources } of meant) {
      for (const { name } of resources) {
        const before = this.#before?.get(name);
        if (before === undefined) this.drop(name);
        else this.#overlay.set(name, { version: before.version, resource: before });
      }
    }
    this.#leave(this.#unsent.filter((chunk) => !meant.includes(chunk)));
    return meant.flatMap(({ names }) => names);
  }

  #leave(unsent: readonly Chunk[]): void {
    this.#unsent = unsent;
    if (unsent.length === 0) this.#before = undefined;
  }

  #isUnsent(name: string): boolean {
    for (const chunk of this.#unsent) if (chunk.has(name)) return true;
    return false;
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
