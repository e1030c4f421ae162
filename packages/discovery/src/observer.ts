/** One response that was put together and is about to be written. */
export interface PushObservation {
  readonly typeUrl: string;
  readonly resources: number;
  readonly removals: number;
  /** Encoded resources, without framing. */
  readonly bytes: number;
  /** What choosing and collecting its content took, in milliseconds. */
  readonly elapsedMs: number;
}

/** One response that a client refused. */
export interface RejectionObservation {
  readonly typeUrl: string;
  /** The resources that the refusal is about. */
  readonly names: readonly string[];
}

/**
 * Is told what happens on streams as it happens: for metrics that counters and the present state do not give. Called on the hot path,
 * so its methods must be quick and must not throw.
 */
export interface DiscoveryObserver {
  pushed?(push: PushObservation): void;
  rejected?(rejection: RejectionObservation): void;
  /**
   * A stream to which a change was due has acknowledged it, and all that changed since. Not called for changes that turned out to send
   * nothing, nor for those that the client refused.
   */
  converged?(elapsedMs: number): void;
}
