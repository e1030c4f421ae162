/**
 * The search for an Envoy alone, without the xDS types that running one takes: for commands that must start at once.
 *
 * @module
 */
export { AgentError, type AgentErrorCode } from './agent-error.ts';
export { type FindEnvoyOptions, type FoundEnvoy, findEnvoy } from './find-envoy.ts';
