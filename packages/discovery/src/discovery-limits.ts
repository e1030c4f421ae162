import type { AdmissionLimits } from './admission.ts';
import type { PaceLimits } from './pace.ts';
import type { StreamLimits } from './stream-host.ts';

/** Bounds on what clients may cost. */
export interface DiscoveryLimits extends StreamLimits, AdmissionLimits, PaceLimits {
  /** Streams served at a time; more are refused with `RESOURCE_EXHAUSTED`. */
  readonly maxStreams: number;
}

/** The bounds that hold unless the server's options say otherwise. */
export const DEFAULT_LIMITS: DiscoveryLimits = {
  // Changes of other types get in between; smaller messages cost more framing.
  maxResponseBytes: 100_000,
  maxResponseResources: 100,
  holdLimitMs: 5_000,
  reconnectGraceMs: 1_000,
  maxNamesPerStream: 50_000,
  minSharedNames: 16,
  maxStreams: 10_000,
  firstRequestTimeoutMs: 15_000,
  readTimeoutMs: 60_000,
  // Envoy answers clusters only when they are warm, and DNS or health checks may take their time.
  answerTimeoutMs: 300_000,
  maxStreamAgeMs: 30 * 60_000,
  maxNewStreamsPerSecond: 250,
  maxNewStreamsAtOnce: 250,
  maxUpdateDelayMs: 500,
};
