import type { Diagnostic } from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';

/** Everything compiled for one view, each list ordered by resource name. */
export interface ViewParts {
  readonly listeners: readonly CompiledResource[];
  readonly routes: readonly CompiledResource[];
  readonly clusters: readonly CompiledResource[];
  readonly endpoints: readonly CompiledResource[];
  readonly secrets?: readonly CompiledResource[];
  /** Configurations of filters, for ECDS. */
  readonly extensions: readonly CompiledResource[];
  readonly diagnostics: readonly Diagnostic[];
}
