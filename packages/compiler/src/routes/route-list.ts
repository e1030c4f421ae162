import type { Diagnostic, Origin, ResourceRef } from '@heddle/model';
import type { Backend } from '../destination-rules.ts';
import type { DestinationProblem } from './destination.ts';
import type { WrittenRule } from './rule-origins.ts';

/** One route of a virtual host, encoded as an element of its `routes`. */
export interface EncodedRoute {
  readonly bytes: Uint8Array;
  /** Every request matches: what follows it in a virtual host is never reached. */
  readonly catchAll: boolean;
  /** Where the parts of the route come from, by path within it; the route itself under the empty path. */
  readonly origins: readonly (readonly [path: string, origin: Origin])[];
  /** What the route was made of, for those who ask for the origins of its smaller parts. */
  readonly written?: WrittenRule;
}

/** A cluster that a route leads to. */
export interface ClusterUse {
  readonly name: string;
  readonly backend: Backend;
  readonly port: number;
  readonly subset: string;
}

/** What one object adds to the virtual hosts of one listener. */
export interface RouteList {
  readonly resource: ResourceRef;
  readonly routes: readonly EncodedRoute[];
  readonly clusters: readonly ClusterUse[];
  readonly diagnostics: readonly Diagnostic[];
  /** Destinations that do not exist. */
  readonly problems: readonly DestinationProblem[];
}
