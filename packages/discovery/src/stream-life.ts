import type { Clock } from '@heddle/model';
import { DiscoveryError } from './discovery-error.ts';

/** How long a stream may leave the server waiting, and live. Milliseconds; `Infinity` for no limit. */
export interface StreamLifeLimits {
  /** From the opening of a stream to its first request. */
  readonly firstRequestTimeoutMs: number;
  /** How long a response may wait for the client to read. */
  readonly readTimeoutMs: number;
  /** How long a client may send no answer at all while responses are unanswered. Envoy withholds one while clusters warm. */
  readonly answerTimeoutMs: number;
  /** Age at which a stream is ended, so that data planes spread over replicas anew; up to a tenth less or more by chance. */
  readonly maxStreamAgeMs: number;
}

/**
 * Ends a stream that costs and does not do its part: no first request, a response that nobody reads, responses that nobody answers.
 * And one that has lived long enough.
 */
export class StreamLife {
  readonly #limits: StreamLifeLimits;
  readonly #first: Deadline;
  readonly #read: Deadline;
  readonly #answer: Deadline;
  readonly #age: Deadline;
  #isWaitingForReader = false;

  /**
   * @param chance a number from 0 to 1
   * @param letGo ends the stream
   * @param abandon breaks off a transport that still waits for its client to read
   */
  constructor(
    clock: Clock,
    limits: StreamLifeLimits,
    chance: number,
    letGo: (error: DiscoveryError) => void,
    abandon: () => void,
  ) {
    this.#limits = limits;
    const { firstRequestTimeoutMs, readTimeoutMs, answerTimeoutMs, maxStreamAgeMs } = limits;
    const late = (message: string) => () => letGo(new DiscoveryError('deadline-exceeded', message));
    this.#first = new Deadline(clock, late(`The first request did not come within ${firstRequestTimeoutMs} ms`));
    const unread = late(`The client did not read a response for ${readTimeoutMs} ms`);
    this.#read = new Deadline(clock, () => {
      unread();
      abandon();
    });
    this.#answer = new Deadline(clock, late(`The client did not answer a response for ${answerTimeoutMs} ms`));
    this.#age = new Deadline(clock, () =>
      letGo(new DiscoveryError('unavailable', 'The stream has reached its maximum age; connect again')),
    );
    this.#first.set(firstRequestTimeoutMs);
    this.#age.set(maxStreamAgeMs * (0.9 + 0.2 * chance));
  }

  /** A request came. */
  requested(): void {
    this.#first.clear();
  }

  /** A response was handed to the transport. */
  handedOut(): void {
    this.#isWaitingForReader = true;
    this.#read.set(this.#limits.readTimeoutMs);
    if (!this.#answer.isSet) this.#answer.set(this.#limits.answerTimeoutMs);
  }

  /** The transport took it and can take more, or is gone. */
  wasTaken(): void {
    this.#isWaitingForReader = false;
    this.#read.clear();
  }

  /** An answer came; `isLast` if no response is unanswered after it. */
  answered(isLast: boolean): void {
    if (isLast) this.#answer.clear();
    else this.#answer.set(this.#limits.answerTimeoutMs);
  }

  /** The stream has ended. Its last response may still wait for the client to read: that is limited on. */
  end(): void {
    for (const deadline of [this.#first, this.#answer, this.#age]) deadline.stop();
    if (!this.#isWaitingForReader) this.#read.stop();
  }
}

/**
 * A moment by which something must have happened. It is moved with every response, so its timer is not: a timer that goes off too
 * early is set again.
 */
class Deadline {
  readonly #clock: Clock;
  readonly #missed: () => void;
  #atMs: number | undefined;
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined;

  constructor(clock: Clock, missed: () => void) {
    this.#clock = clock;
    this.#missed = missed;
  }

  get isSet(): boolean {
    return this.#atMs !== undefined;
  }

  set(delayMs: number): void {
    if (!Number.isFinite(delayMs)) return;
    this.#atMs = this.#clock.nowMs() + delayMs;
    if (this.#timer !== undefined && this.#timer.atMs > this.#atMs) this.#cancel();
    if (this.#timer === undefined) this.#arm(this.#atMs);
  }

  /** What was waited for has happened. */
  clear(): void {
    this.#atMs = undefined;
  }

  stop(): void {
    this.#atMs = undefined;
    this.#cancel();
  }

  #cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(atMs: number): void {
    const cancel = this.#clock.after(Math.max(0, atMs - this.#clock.nowMs()), () => {
      this.#timer = undefined;
      if (this.#atMs === undefined) return;
      if (this.#atMs <= this.#clock.nowMs()) this.#missed();
      else this.#arm(this.#atMs);
    });
    this.#timer = { atMs, cancel };
  }
}
