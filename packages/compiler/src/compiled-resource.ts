import type { Diagnostic, Provenance, XdsResource } from '@heddle/model';

/** A resource with what stands beside it. */
export interface CompiledResource {
  readonly resource: XdsResource;
  readonly diagnostics: readonly Diagnostic[];
  /** Put together when somebody asks: few do, and a resource may have thousands of parts. */
  readonly provenance: () => Provenance;
}
