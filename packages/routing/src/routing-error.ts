/** What {@link RoutingError} is about. */
export type RoutingErrorCode =
  | 'invalid-regex'
  | 'invalid-format'
  | 'invalid-header'
  | 'invalid-route'
  | 'duplicate-domain'
  | 'unsupported';

/**
 * A route configuration that cannot be obeyed: what Envoy would refuse with a NACK. `path` is the place in the configuration in
 * protobuf JSON naming (`virtualHosts[0].routes[2].match.safeRegex`), empty where it is not known.
 */
export class RoutingError extends Error {
  readonly code: RoutingErrorCode;
  readonly path: string;

  constructor(code: RoutingErrorCode, message: string, path = '', options?: ErrorOptions) {
    super(path === '' ? message : `${path}: ${message}`, options);
    this.name = 'RoutingError';
    this.code = code;
    this.path = path;
  }

  /** The same error, said of a place: runs `compile` and puts `path` before the path of what it throws. */
  static at<T>(path: string, compile: () => T): T {
    try {
      return compile();
    } catch (error) {
      if (!(error instanceof RoutingError)) throw error;
      const inner = error.path === '' ? path : `${path}.${error.path}`;
      const message = error.path === '' ? error.message : error.message.slice(error.path.length + 2);
      throw new RoutingError(error.code, message, inner, { cause: error.cause });
    }
  }
}
