import type { Plan } from './probe-case.ts';

/** What is done on one side of a connection. The upstream can act once it is connected. */
export type TcpStep =
  | { readonly client: 'send' | 'end'; readonly text?: string }
  | { readonly upstream: 'send' | 'end'; readonly text?: string };

/** A connection through the probe, with what is done on it in turn. In the end the client resets it, or, if
 * it has ended its side, which lets Envoy not see that, the upstream ends its own. */
export interface TcpCase {
  readonly name: string;
  readonly plan: Plan;
  readonly steps: readonly TcpStep[];
}

/** What became of a connection. */
export interface TcpOutcome {
  readonly lines: readonly string[];
  /** What the client got, a character a byte. */
  readonly client: string;
  readonly upstream: string;
  /** Whether it was over before that end. */
  readonly isOver: boolean;
}

const send = (text: string): TcpStep => ({ client: 'send', text });
const answer = (text: string): TcpStep => ({ upstream: 'send', text });
const clientEnd: TcpStep = { client: 'end' };
const upstreamEnd: TcpStep = { upstream: 'end' };

const TALK = [send('hello'), answer('world')];
const WHOLE = [...TALK, clientEnd, upstreamEnd];

const CALLBACKS = [
  'new_connection',
  'downstream_data',
  'upstream_data',
  'downstream_connection_close',
  'upstream_connection_close',
  'log',
  'done',
  'delete',
] as const;

const GROUPS = [
  'maps',
  'changes',
  'buffers',
  'writes',
  'stream',
  'callouts',
  'shared',
  'queues',
  'metrics',
  'properties',
  'misc',
  'foreign',
  'wasi',
  'badmemory',
] as const;

/** Each group of hostcalls in each callback of a connection. */
const batteries: readonly TcpCase[] = GROUPS.map((group) => ({
  name: `tcp-battery-${group}`,
  plan: Object.fromEntries(CALLBACKS.map((callback) => [callback, `${group}!`])),
  steps: WHOLE,
}));

const PHASES = ['new_connection', 'downstream_data', 'upstream_data'] as const;

const closes: readonly TcpCase[] = PHASES.flatMap((phase) =>
  [2, 3].map((type) => ({ name: `tcp-close-${phase}-${type}`, plan: { [phase]: `close:${type}` }, steps: TALK })),
);

/** Held data are shown again with what comes next. */
const pauses: readonly TcpCase[] = [
  { name: 'tcp-hold-downstream', plan: { downstream_data: 'read:2:0:100,ret:1' }, steps: [send('one '), send('two')] },
  {
    name: 'tcp-hold-downstream-to-the-end',
    plan: { downstream_data: 'read:2:0:100,ret:1' },
    steps: [send('one '), send('two'), clientEnd],
  },
  {
    name: 'tcp-hold-upstream',
    plan: { upstream_data: 'read:3:0:100,ret:1' },
    steps: [send('x'), answer('one '), answer('two')],
  },
  { name: 'tcp-wait', plan: { new_connection: 'ret:1', downstream_data: 'read:2:0:100' }, steps: [send('one ')] },
  { name: 'tcp-wait-for-ever', plan: { new_connection: 'ret:1', downstream_data: 'ret:1' }, steps: [send('one ')] },
  {
    name: 'tcp-continue-after-callout',
    plan: {
      downstream_data: 'call:live:/fine::1000,ret:1',
      http_call_response: 'effective,read:2:0:100,continue:2,read:2:0:100',
    },
    steps: [send('one ')],
  },
  {
    name: 'tcp-connect-after-callout',
    plan: { new_connection: 'call:live:/fine::1000,ret:1', http_call_response: 'effective,continue:2' },
    steps: [send('one ')],
  },
  {
    name: 'tcp-close-after-callout',
    plan: { downstream_data: 'call:live:/fine::1000,ret:1', http_call_response: 'effective,close:2' },
    steps: [send('one ')],
  },
  ...[-1, 2, 4].map((result) => ({
    name: `tcp-answer-${result}`,
    plan: { downstream_data: `ret:${result}` },
    steps: [send('one '), send('two')],
  })),
];

const others: readonly TcpCase[] = [
  { name: 'tcp-plain', plan: {}, steps: TALK },
  { name: 'tcp-client-ends', plan: {}, steps: [...TALK, clientEnd] },
  { name: 'tcp-upstream-ends', plan: {}, steps: [...TALK, upstreamEnd] },
  { name: 'tcp-both-end', plan: {}, steps: WHOLE },
  { name: 'tcp-upstream-ends-first', plan: {}, steps: [...TALK, upstreamEnd, clientEnd] },
  {
    name: 'tcp-change',
    plan: { downstream_data: 'write:2:0:1:J,read:2:0:100', upstream_data: 'write:3:0:1000:all new,read:3:0:100' },
    steps: TALK,
  },
  {
    name: 'tcp-write-the-other-side',
    plan: { downstream_data: 'write:3:0:0:x', upstream_data: 'write:2:0:0:x' },
    steps: TALK,
  },
  { name: 'tcp-reply', plan: { downstream_data: 'reply:403::no:' }, steps: TALK },
  ...PHASES.map((phase) => ({
    name: `tcp-continue-${phase}`,
    plan: { [phase]: 'continue:2,continue:3,status:2,status:3' },
    steps: TALK,
  })),
];

/** Connections through a listener whose network filter is the probe, with a TCP proxy behind it. */
export const TCP_CASES: readonly TcpCase[] = [...others, ...batteries, ...pauses, ...closes];
