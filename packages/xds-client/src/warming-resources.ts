import type { Clock } from '@heddle/model';

/** One version of a resource, decoded. */
interface Entry<Message> {
  readonly message: Message;
  readonly version: string;
  /** Names of what it needs, with the longest time to wait for each: milliseconds, `Infinity` for as long as it takes. */
  readonly needs: ReadonlyMap<string, number>;
}

interface Warming<Message> extends Entry<Message> {
  /** What has not been answered yet, with what stops the wait for it. */
  readonly waitsFor: Map<string, () => void>;
}

/**
 * Resources that become usable only when what they name has arrived ("Resource warming"). While a new version warms, the one before
 * it stays active.
 */
export class WarmingResources<Message> {
  readonly #clock: Clock;
  readonly #timedOut: () => void;
  readonly #active = new Map<string, Entry<Message>>();
  readonly #warming = new Map<string, Warming<Message>>();
  #snapshot: ReadonlyMap<string, Message> | undefined;

  /** `timedOut` is called when a wait ended by time and made a resource active. */
  constructor(clock: Clock, timedOut: () => void) {
    this.#clock = clock;
    this.#timedOut = timedOut;
  }

  /** The active messages by name: the same Map as long as nothing changes. */
  get active(): ReadonlyMap<string, Message> {
    this.#snapshot ??= new Map([...this.#active].map(([name, { message }]) => [name, message]));
    return this.#snapshot;
  }

  get isWarming(): boolean {
    return this.#warming.size > 0;
  }

  /** Everything that active and warming resources need. */
  needs(): ReadonlySet<string> {
    const needs = new Set<string>();
    for (const entry of this.#active.values()) for (const need of entry.needs.keys()) needs.add(need);
    for (const entry of this.#warming.values()) for (const need of entry.needs.keys()) needs.add(need);
    return needs;
  }

  /** The version that was last put under a name, active or not. */
  newestVersion(name: string): string | undefined {
    return (this.#warming.get(name) ?? this.#active.get(name))?.version;
  }

  /** Puts a new version under a name; it becomes active at once if nothing has to be waited for. */
  put(
    name: string,
    version: string,
    message: Message,
    needs: ReadonlyMap<string, number>,
    isAnswered: (need: string) => boolean,
  ): void {
    this.#stopWarming(name);
    const waitsFor = new Map<string, () => void>();
    const warming: Warming<Message> = { message, version, needs, waitsFor };
    for (const [need, limitMs] of needs) {
      if (isAnswered(need)) continue;
      const expire = () => {
        if (this.#satisfy(name, warming, need)) this.#timedOut();
      };
      waitsFor.set(need, limitMs === Number.POSITIVE_INFINITY ? () => {} : this.#clock.after(limitMs, expire));
    }
    if (waitsFor.size === 0) this.#activate(name, warming);
    else this.#warming.set(name, warming);
  }

  remove(name: string): void {
    this.#stopWarming(name);
    if (this.#active.delete(name)) this.#snapshot = undefined;
  }

  /** Notes that a need was answered; what waited only for it becomes active. */
  answer(need: string): void {
    for (const [name, warming] of this.#warming) this.#satisfy(name, warming, need);
  }

  /** Stops all waits. */
  close(): void {
    for (const name of [...this.#warming.keys()]) this.#stopWarming(name);
  }

  #satisfy(name: string, warming: Warming<Message>, need: string): boolean {
    const cancel = warming.waitsFor.get(need);
    if (cancel === undefined || this.#warming.get(name) !== warming) return false;
    cancel();
    warming.waitsFor.delete(need);
    if (warming.waitsFor.size > 0) return false;
    this.#warming.delete(name);
    this.#activate(name, warming);
    return true;
  }

  #activate(name: string, { message, version, needs }: Entry<Message>): void {
    this.#active.set(name, { message, version, needs });
    this.#snapshot = undefined;
  }

  #stopWarming(name: string): void {
    const warming = this.#warming.get(name);
    for (const cancel of warming?.waitsFor.values() ?? []) cancel();
    this.#warming.delete(name);
  }
}
