import type { ResourceRef } from '@heddle/model';

/** Version of {@link Explanation} as JSON: it grows when a field changes its meaning, not when one is added. */
export const EXPLANATION_VERSION = 1;

/** What becomes of a request, step by step. Plain data: it is what `heddle explain request --output json` prints. */
export interface Explanation {
  readonly version: typeof EXPLANATION_VERSION;
  readonly request: ExplainedRequest;
  /** In the order in which they decide; the last one is where the way ends. */
  readonly steps: readonly Step[];
  readonly outcome: Outcome;
}

/** The request as the proxy reads it. */
export interface ExplainedRequest {
  readonly method: string;
  readonly scheme: string;
  readonly authority: string;
  /** Query included. */
  readonly path: string;
  /** The port that was connected to, as configured. */
  readonly port: number;
}

/** A field of an object, and where it stands in a file, if that is known. */
export interface Place {
  readonly object: ResourceRef;
  /** `spec.http[0].match[1]`; empty for the object as a whole. */
  readonly field: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

export type StepKind =
  | 'listener'
  | 'filter chain'
  | 'connection manager'
  | 'virtual host'
  | 'route'
  | 'filter'
  | 'cluster'
  | 'endpoints';

/** One decision. */
export interface Step {
  readonly step: StepKind;
  /** False where the way ends because nothing was found, or because the request was answered here. */
  readonly passed: boolean;
  /** Of the resource or part that was chosen; empty if none was. */
  readonly name: string;
  /** What made it. */
  readonly place?: Place;
  /** Why this one, or why none. */
  readonly reason: string;
  /** Further facts: what is rewritten, limited, retried. */
  readonly notes: readonly string[];
  /** What else might have been chosen and was not. */
  readonly near: readonly Near[];
}

/** Something that was not chosen. */
export interface Near {
  readonly name: string;
  readonly place?: Place;
  readonly reason: string;
}

export type Outcome = Refused | Answered | Forwarded;

/** The connection is refused or closed; there is no answer. */
export interface Refused {
  readonly kind: 'refused';
  readonly reason: string;
}

/** The proxy itself answers. */
export interface Answered {
  readonly kind: 'answered';
  readonly status: number;
  /** Envoy's response flag, empty for none: `NR`, `NC`, `UH`, `FI` … */
  readonly flag: string;
  /** Name of the route that answers, if one does. */
  readonly route?: string;
  readonly location?: string;
  readonly reason: string;
}

/** The request goes on to an endpoint, or to one of several clusters. */
export interface Forwarded {
  readonly kind: 'forwarded';
  /** `http`: by a route; `tcp`: bytes as they come. */
  readonly protocol: 'http' | 'tcp';
  /** Name of the route; empty for one without and for TCP. */
  readonly route: string;
  readonly legs: readonly Leg[];
  /** 0 = no limit. */
  readonly timeoutMs: number;
  readonly retries?: Retries;
  readonly mirrors: readonly Mirror[];
  readonly faults: Faults;
}

/** One cluster that the request may go to. */
export interface Leg {
  readonly cluster: string;
  /** Of the requests, from 0 to 100. */
  readonly percent: number;
  /** What names it. */
  readonly place?: Place;
  /** As the endpoint sees them. Undefined authority: the name of the endpoint that is chosen. */
  readonly path: string;
  readonly authority: string | undefined;
  /** `endpoint`: one of `endpoints`; `original destination`: where the caller wanted to go; else the proxy answers. */
  readonly leadsTo: 'endpoint' | 'original destination' | 'no cluster' | 'no healthy endpoint';
  /** What the proxy answers where it leads nowhere. */
  readonly status?: number;
  readonly flag?: string;
  readonly endpoints: readonly Endpoint[];
}

export interface Endpoint {
  /** IP address, or a name that the proxy resolves. */
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  /** The workload, or what lists it. */
  readonly place?: Place;
}

export interface Retries {
  /** At most so many besides the first attempt. */
  readonly attempts: number;
  /** Envoy's words for what is retried. */
  readonly on: readonly string[];
  /** 0: as long as the whole request may take. */
  readonly perTryTimeoutMs: number;
}

export interface Mirror {
  readonly cluster: string;
  /** Of the requests. */
  readonly percent: number;
}

/** What happens to a share of the requests on purpose. */
export interface Faults {
  readonly delay?: { readonly percent: number; readonly ms: number };
  readonly abort?: { readonly percent: number; readonly status: number };
}
