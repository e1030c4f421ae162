/**
 * What is wrong with mesh configuration: one engine for single objects and for all of them together.
 *
 * @module
 */
export { analysisRules } from './analysis-rules.ts';
export { type AnalyzeOptions, analyze, isSuppressed, type Suppression } from './analyze.ts';
export { ASSUMED_GATEWAYS, type MeshFacts } from './mesh-index.ts';
export type { AnalysisRule, Finding } from './rule.ts';
