import type { Pair, ProbeCase, ProbeMessage, SeenMessage } from './probe-case.ts';

/** What the plugin's configuration says of its failures; `fail_open` is the older field of PluginConfig. */
export type TrapPolicy = 'FAIL_CLOSED' | 'FAIL_OPEN' | 'fail_open' | 'FAIL_RELOAD';

/** A VM of its own in which something traps: while a first request passes, with others after it. */
export interface TrapCase {
  readonly name: string;
  readonly policy: TrapPolicy;
  /** What traps. */
  readonly where: string;
  /** What is no request's. */
  readonly root: ProbeCase['plan'];
  readonly first: ProbeCase;
}

/** What became of a request. */
export interface TrapOutcome {
  readonly client: SeenMessage | 'reset' | 'nothing';
  readonly upstream: SeenMessage | undefined;
}

/** What became of a {@link TrapCase}. */
export interface TrapRun {
  /** One that came before the first and waits, with its body to come, until that is over. */
  readonly waiting: TrapOutcome;
  readonly first: TrapOutcome;
  /** At once after it. */
  readonly second: TrapOutcome;
  /** When a module may have been loaded again. */
  readonly third: TrapOutcome;
  readonly lines: readonly string[];
  /** How often the module was loaded again. */
  readonly reloads: number;
}

/** The request beside the one that traps: its body is sent when that is over. */
export const WAITING: ProbeCase = { name: 'waiting', request: { body: ['late'] }, response: { body: ['fine'] } };
/** Those after it. */
export const NEXT: ProbeCase = { name: 'next', request: {}, response: { body: ['fine'] } };

/** Least time between two loads under FAIL_RELOAD. */
export const RELOAD_MS = 400;
/** Up to half as much is added at random. */
export const LONGEST_BACK_OFF_MS = RELOAD_MS * 1.5;

/** A request that says which case it is of. */
export function requestOf(trapCase: string, probeCase: ProbeCase): ProbeCase {
  const { request } = probeCase;
  return { ...probeCase, request: { ...request, headers: [['x-trap', trapCase]] } };
}

const POST: ProbeMessage = { body: ['request body'], trailers: [['x-request-trailer', 'yes'] satisfies Pair] };
const ANSWER: ProbeMessage = { body: ['response body'], trailers: [['x-response-trailer', 'yes'] satisfies Pair] };

interface Trap {
  readonly where: string;
  readonly plan?: ProbeCase['plan'];
  readonly root?: ProbeCase['plan'];
  readonly hangs?: boolean;
}

const HELD = 'call:live:/fine::1000,ret:4';

const TRAPS: readonly Trap[] = [
  // Every other stream is created too: the one that waits is the first that traps.
  { where: 'context_create', root: { stream_create: 'trap' } },
  ...['request_headers', 'request_trailers', 'response_headers', 'response_trailers', 'log', 'done', 'delete'].map(
    (where): Trap => ({ where, plan: { [where]: 'trap' } }),
  ),
  ...['request_body', 'response_body'].map((where): Trap => ({ where, plan: { [`${where}_each`]: 'trap' } })),
  { where: 'http_call_response', plan: { request_headers: HELD, http_call_response: 'trap' }, hangs: true },
  {
    where: 'http_call_response of the response',
    plan: { response_headers: HELD, http_call_response: 'trap' },
    hangs: true,
  },
  { where: 'tick', plan: { request_headers: 'tick:20,ret:4' }, root: { tick: 'trap' }, hangs: true },
  { where: 'queue_ready', plan: { request_headers: 'enqueue:q:x,ret:4' }, root: { queue_ready: 'trap' }, hangs: true },
  {
    where: 'grpc_receive',
    plan: { request_headers: 'grpc:live:Say:hello:500,ret:4', grpc_receive: 'trap' },
    hangs: true,
  },
  { where: 'grpc_close', plan: { request_headers: 'grpc:live:Fail:hello:500,ret:4', grpc_close: 'trap' }, hangs: true },
  ...['initial_metadata', 'message', 'trailing_metadata', 'close'].map((part): Trap => {
    const callback = part === 'close' ? 'grpc_close' : part === 'message' ? 'grpc_receive' : `grpc_receive_${part}`;
    const plan = { request_headers: 'stream:live:Talk,send:one:1,ret:4', [callback]: 'trap' };
    return { where: `${callback} of a stream`, plan, hangs: true };
  }),
  // What was asked for in the callback that traps, or before it.
  { where: 'response_headers of its own reply', plan: { request_headers: 'reply:401::no:', response_headers: 'trap' } },
  { where: 'request_headers after a reply', plan: { request_headers: 'reply:401::no:,trap' } },
  {
    where: 'http_call_response after it continued',
    plan: { request_headers: HELD, http_call_response: 'effective,continue:0,trap' },
  },
  {
    where: 'http_call_response after a reply',
    plan: { request_headers: HELD, http_call_response: 'effective,reply:401::no:,trap' },
  },
];

/** Envoy dies of it under the other policies, of which each makes an answer of its own as well. */
const ONLY_WHERE_STREAMS_PASS: readonly Trap[] = [
  { where: 'response_headers after a reply', plan: { response_headers: 'reply:401::no:,trap' } },
];

const POLICIES: readonly TrapPolicy[] = ['FAIL_CLOSED', 'FAIL_OPEN', 'fail_open', 'FAIL_RELOAD'];

/** A trap in each callback, under each policy. */
export const TRAP_CASES: readonly TrapCase[] = POLICIES.flatMap((policy) =>
  [...TRAPS, ...(policy === 'fail_open' ? ONLY_WHERE_STREAMS_PASS : [])].map(
    ({ where, plan = {}, root = {}, hangs = false }) => ({
      name: `trap-${policy}-${where.replaceAll(' ', '-')}`,
      policy,
      where,
      root,
      first: { name: 'first', plan, request: POST, response: ANSWER, hangs },
    }),
  ),
);
