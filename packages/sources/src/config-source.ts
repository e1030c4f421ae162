import type { Diagnostic, SourcedObject } from '@heddle/model';

/** What a source holds at one moment: what could be read, and what is wrong with the rest. */
export interface SourceState {
  readonly objects: readonly SourcedObject[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Where configuration comes from: files, memory, a Kubernetes API. */
export interface ConfigSource {
  /** The last good state. Empty until {@link ready} resolves. */
  readonly current: SourceState;
  /** Resolves once the source was read for the first time, well or badly; what went wrong is in the diagnostics. Never rejects. */
  readonly ready: Promise<void>;
  /** Calls the listener after every change of {@link current}; returns what ends the subscription. */
  subscribe(listener: () => void): () => void;
  /** Stops watching. */
  close(): Promise<void>;
}
