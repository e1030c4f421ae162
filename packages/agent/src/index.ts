/**
 * Finds or fetches Envoy, builds its bootstrap, and runs it.
 *
 * @module
 */
export {
  type AdminAddress,
  type AdminClient,
  type AdminResponse,
  createAdminClient,
  describeState,
} from './admin-client.ts';
export { AgentError, type AgentErrorCode } from './agent-error.ts';
export {
  type BootstrapNode,
  type BootstrapOptions,
  bootstrapToJson,
  buildBootstrap,
  parseAddress,
  XDS_CLUSTER_NAME,
} from './bootstrap.ts';
export { type Environment, envoyCacheDirectory } from './envoy-folders.ts';
export type { ProcessExit } from './envoy-process.ts';
export { DEFAULT_ENVOY_VERSION } from './envoy-version.ts';
export { fetchEnvoy } from './fetch-envoy.ts';
export { type FindEnvoyOptions, type FoundEnvoy, findEnvoy } from './find-envoy.ts';
export { ISTIO_STATS_TAGS, type StatsTag } from './istio-stats-tags.ts';
export { type EnvoyLogLevel, type EnvoyLogLine, parseLogLine } from './log-line.ts';
export { type EnvoyEvent, type RunEnvoyOptions, type RunningEnvoy, runEnvoy } from './run-envoy.ts';
