import type { AnalysisRule } from './rule.ts';
import { deprecationRules } from './rules/deprecated.ts';
import { destinationRuleRules } from './rules/destination-rules.ts';
import { gatewayRules } from './rules/gateways.ts';
import { portRules } from './rules/ports.ts';
import { referenceRules } from './rules/references.ts';
import { serviceRules } from './rules/services.ts';
import { sidecarRules } from './rules/sidecars.ts';
import { virtualServiceRules } from './rules/virtual-services.ts';
import { wasmPluginRules } from './rules/wasm-plugins.ts';

/** Every rule. Each has a folder `fixtures/NAME` with a `bad.yaml` and a `good.yaml`. */
export const analysisRules: readonly AnalysisRule[] = [
  ...referenceRules,
  ...portRules,
  ...gatewayRules,
  ...virtualServiceRules,
  ...destinationRuleRules,
  ...serviceRules,
  ...sidecarRules,
  ...wasmPluginRules,
  ...deprecationRules,
];
