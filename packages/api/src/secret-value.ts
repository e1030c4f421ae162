/**
 * Bytes that nobody is to see: the value of a Secret. Whatever prints, logs or serialises it says `[redacted]`; who needs the bytes asks
 * for them by {@link SecretValue.reveal}. Immutable.
 */
export class SecretValue {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The value itself; a copy. */
  reveal(): Uint8Array {
    return this.#bytes.slice();
  }

  get length(): number {
    return this.#bytes.length;
  }

  equals(other: SecretValue): boolean {
    const [own, others] = [this.#bytes, other.#bytes];
    return own.length === others.length && own.every((byte, index) => byte === others[index]);
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  /** What `console.log` of Node, Bun and Deno show. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED;
  }

  [Symbol.for('Deno.customInspect')](): string {
    return REDACTED;
  }
}

/** What stands where a secret would. */
export const REDACTED = '[redacted]';
