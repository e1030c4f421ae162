import type { TcpCase, TcpOutcome } from './tcp-cases.ts';

/** What a context does, by callback: see `assembly/plan.ts`. */
export type Plan = Readonly<Record<string, string>>;

export type Pair = readonly [name: string, value: string];

/** What goes into Envoy and into the host alike. Texts are Latin-1: a character is a byte. */
export interface ProbeMessage {
  readonly headers?: readonly Pair[];
  /** Pieces of the body, each sent by itself; the last one ends the message unless there are trailers. */
  readonly body?: readonly string[];
  readonly trailers?: readonly Pair[];
}

/** A request to send, what the probe does with it, and what the upstream answers. */
export interface ProbeCase {
  readonly name: string;
  readonly why?: string;
  readonly plan?: Plan;
  readonly request?: ProbeMessage & { readonly method?: string };
  readonly response?: ProbeMessage & { readonly status?: number };
  /** Whether PluginConfig.allow_on_headers_stop_iteration is set. */
  readonly allowsStopIteration?: boolean;
  /** The client resets the stream once this callback has run and nothing more comes. */
  readonly leavesAfter?: string;
  /** The request stays without an answer, as it would for ever. */
  readonly hangs?: boolean;
}

/** A request or response as one side sees it. */
export interface SeenMessage {
  readonly headers: readonly Pair[];
  readonly body: string;
  readonly trailers: readonly Pair[];
}

/** What became of a case. */
export interface CaseOutcome {
  /** What the client got; undefined if the stream hung. */
  readonly client: SeenMessage | 'reset' | 'nothing';
  /** What the upstream got; undefined if nothing came. */
  readonly upstream: SeenMessage | undefined;
  /** The probe's lines, of its VM only. */
  readonly lines: readonly string[];
  /** What it has logged beside. */
  readonly printed: readonly string[];
}

/** One side of the comparison: Envoy, or our host. */
export interface ProbeSide {
  readonly name: string;
  /** The lines that no request caused, by VM: of the VM that serves, then of those that were thrown away. */
  readonly rootLines: readonly string[];
  run(probeCase: ProbeCase): Promise<CaseOutcome>;
  /** The cases must come in the order in which the plans of the VM for connections have them. */
  runTcp(tcpCase: TcpCase): Promise<TcpOutcome>;
  close(): Promise<void>;
}

/** The configuration of the probe's VM: a table of plans by name. */
export function planTable(root: Plan, cases: readonly ProbeCase[]): string {
  const rows = [['root', root] as const, ...cases.map(({ name, plan = {} }) => [name, plan] as const)];
  return rows
    .map(
      ([name, plan]) =>
        `${name}\t${Object.entries(plan)
          .map(([callback, actions]) => `${callback}=${actions}`)
          .join(';')}`,
    )
    .join('\n');
}

/** The same for the VM through which connections go: the n-th does what `tcp-n` says. */
export function tcpPlanTable(root: Plan, cases: readonly TcpCase[]): string {
  return planTable(
    root,
    cases.map(({ plan }, index) => ({ name: `tcp-${index + 1}`, plan })),
  );
}
