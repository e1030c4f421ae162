/**
 * Runtime values that every Envoy must start with, in `layered_runtime` of its bootstrap, to take what is compiled.
 *
 * `re2.max_program_size.error_level`: Envoy refuses regular expressions of more than 100 RE2 instructions unless told otherwise; Istio's
 * bootstrap says 32768, and configuration written for it counts on that. Validation bounds expressions far below.
 */
export const ENVOY_RUNTIME: Readonly<Record<string, number>> = { 're2.max_program_size.error_level': 32_768 };
