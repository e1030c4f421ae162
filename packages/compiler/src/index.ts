export { PROXY_FEATURES, type ProxyFeature } from './capabilities.ts';
export { type Compiler, type CompilerOptions, compile, createCompiler } from './compiler.ts';
export { ISTIO_ACCESS_LOG_FORMAT } from './listeners/access-log.ts';
export { type CompilerLimits, defaultMeshSettings, type MeshSettings, type OutboundTrafficPolicy } from './settings.ts';
