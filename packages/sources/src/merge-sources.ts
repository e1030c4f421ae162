import {
  compareDiagnostics,
  type Diagnostic,
  diagnostic,
  formatPosition,
  MeshSnapshot,
  refOf,
  type SourcedObject,
} from '@heddle/model';
import type { ConfigSource, SourceState } from './config-source.ts';
import { Listeners } from './listeners.ts';

/** All sources as one snapshot at a time. */
export interface SnapshotStream {
  /** The snapshot now; it shares with the one before every object, and every kind, that did not change. */
  readonly current: MeshSnapshot;
  /** Resolves when every source was read for the first time. Never rejects. */
  readonly ready: Promise<void>;
  /** Calls the listener with every new snapshot, from the first complete one on; returns what ends the subscription. */
  subscribe(listener: (snapshot: MeshSnapshot) => void): () => void;
  /** Stops listening to the sources; it does not close them. */
  close(): Promise<void>;
}

/**
 * Merges sources into snapshots. Of two objects with the same kind, namespace and name the first is used (in the order of the sources,
 * then of their files), and the other is reported (HED008).
 */
export function mergeSources(sources: readonly ConfigSource[]): SnapshotStream {
  return new Merged(sources);
}

class Merged implements SnapshotStream {
  current: MeshSnapshot = MeshSnapshot.empty;
  readonly ready: Promise<void>;
  readonly #sources: readonly ConfigSource[];
  readonly #subscriptions: readonly (() => void)[];
  readonly #listeners = new Listeners<[MeshSnapshot]>();
  #states: readonly SourceState[] = [];
  #complete = false;

  constructor(sources: readonly ConfigSource[]) {
    this.#sources = sources;
    this.#subscriptions = sources.map((source) => source.subscribe(() => this.#update()));
    this.ready = Promise.all(sources.map((source) => source.ready)).then(() => {
      this.#complete = true;
      this.#update();
    });
  }

  subscribe(listener: (snapshot: MeshSnapshot) => void): () => void {
    return this.#listeners.add(listener);
  }

  async close(): Promise<void> {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#listeners.clear();
  }

  #update(): void {
    // Half of the sources would look like a mesh with half of its objects deleted.
    if (!this.#complete) return;
    const states = this.#sources.map((source) => source.current);
    if (states.length === this.#states.length && states.every((state, index) => state === this.#states[index])) return;
    const diagnosticsSame =
      states.length === this.#states.length &&
      states.every((state, index) => state.diagnostics === this.#states[index]?.diagnostics);
    this.#states = states;
    const { current } = this;
    const next = MeshSnapshot.of(objectsOf(states), { previous: current, diagnostics: current.diagnostics });
    // Objects found twice are reported with their lines, which move.
    const keep = diagnosticsSame && next.repeated.length + current.repeated.length === 0;
    this.current = keep ? next : next.withDiagnostics(diagnosticsOf(states, next));
    this.#listeners.call(this.current);
  }
}

/** One snapshot of several states, sharing with `previous` what did not change. */
export function snapshotOf(states: readonly SourceState[], previous: MeshSnapshot = MeshSnapshot.empty): MeshSnapshot {
  const snapshot = MeshSnapshot.of(objectsOf(states), { previous });
  return snapshot.withDiagnostics(diagnosticsOf(states, snapshot));
}

function objectsOf(states: readonly SourceState[]): readonly SourcedObject[] {
  const [first] = states;
  return states.length === 1 && first !== undefined ? first.objects : states.flatMap((state) => state.objects);
}

function diagnosticsOf(states: readonly SourceState[], snapshot: MeshSnapshot): readonly Diagnostic[] {
  return [...states.flatMap((state) => state.diagnostics), ...repetitions(snapshot)].sort(compareDiagnostics);
}

/** HED008: objects that are left out because another has their name. */
function repetitions(snapshot: MeshSnapshot): readonly Diagnostic[] {
  return snapshot.repeated.map(({ used, repeated }) => {
    const path = ['metadata', 'name'];
    const range = repeated.origin?.locate(path);
    const place = used.origin?.locate(path);
    return diagnostic('HED008', {
      resource: refOf(repeated.object),
      path,
      ...(range === undefined ? {} : { range }),
      message: `found the object for the second time${place === undefined ? '' : `, first at ${formatPosition(place)}`}, wanted it once`,
      effect: 'the first one is used',
      fix: 'remove or rename one of the two',
    });
  });
}
