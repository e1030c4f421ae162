export { PROXY_FEATURES, type ProxyFeature } from './capabilities.ts';
export { type Compiler, type CompilerOptions, compile, createCompiler } from './compiler.ts';
export { ISTIO_ACCESS_LOG_FORMAT } from './listeners/access-log.ts';
export type { ServiceEndpoint } from './registry/endpoints.ts';
export type { ListedPort, ListedService } from './service-listing.ts';
export { type CompilerLimits, defaultMeshSettings, type MeshSettings, type OutboundTrafficPolicy } from './settings.ts';
