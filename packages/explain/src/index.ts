/**
 * The way of a request through compiled configuration.
 *
 * @module
 */
export type { LocateOrigin, PluginOrder } from './configuration.ts';
export { type ExplainOptions, explainRequest, type RequestToExplain } from './explain-request.ts';
export {
  type Answered,
  type Endpoint,
  EXPLANATION_VERSION,
  type ExplainedRequest,
  type Explanation,
  type Faults,
  type Forwarded,
  type Leg,
  type Mirror,
  type Near,
  type Outcome,
  type Place,
  type Refused,
  type Retries,
  type Step,
  type StepKind,
} from './explanation.ts';
export { type ExplanationTextOptions, explanationText, type PaintText } from './explanation-text.ts';
