/** A resource, or a part of it, that the gateway cannot obey. The rest is served. */
export interface GatewayProblem {
  /** Listener, route configuration, cluster, or a filter in WebAssembly. */
  readonly kind: 'listener' | 'route' | 'cluster' | 'endpoint' | 'filter';
  /** The resource's name. */
  readonly name: string;
  /** What was found and what would be wanted. */
  readonly message: string;
}

/** The error of the gateway package: wrong use by the program that embeds it, or an environment that refuses. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  /** Stable, for programs. */
  readonly code: 'unsupported' | 'no-listener' | 'bind-failed' | 'closed' | 'invalid-argument';

  constructor(code: GatewayError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
