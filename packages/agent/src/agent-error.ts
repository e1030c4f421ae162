/**
 * Why the agent could not do what was asked:
 *
 * - `envoy-not-found`: no Envoy anywhere, and fetching was not wanted
 * - `envoy-unusable`: a named Envoy is not there, not executable, or prints no version
 * - `envoy-unsupported`: its version is outside of what this package supports, or not the one asked for
 * - `version-unknown`: no such version, or none for this platform, can be fetched
 * - `python-missing`, `pip-missing`: needed to fetch Envoy
 * - `fetch-failed`: the download or what it contains is broken; mostly the network
 * - `start-failed`: Envoy ended, or was not ready in time, at its first start; the message has its last error
 * - `admin-failed`: the admin interface did not answer, or not as wanted
 */
export type AgentErrorCode =
  | 'envoy-not-found'
  | 'envoy-unusable'
  | 'envoy-unsupported'
  | 'version-unknown'
  | 'python-missing'
  | 'pip-missing'
  | 'fetch-failed'
  | 'start-failed'
  | 'admin-failed';

/** What this package throws. The message says what failed and, where a user can do something, what to run next. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly code: AgentErrorCode;

  constructor(code: AgentErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
