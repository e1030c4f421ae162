import type { Pair, Plan, ProbeCase, ProbeMessage } from './probe-case.ts';
import { SEQUENCES } from './sequences.ts';

const all = (...groups: readonly string[]) => groups.map((group) => `${group}!`).join(',');

const READS = all(
  'maps',
  'buffers',
  'callouts',
  'shared',
  'queues',
  'metrics',
  'properties',
  'misc',
  'foreign',
  'wasi',
  'badmemory',
);
const EVERYTHING = `${READS},${all('changes', 'writes', 'stream')}`;

/** What a stream may ask as it is created, before it is known of what kind it is. */
export const CREATION = all(
  ...['maps', 'buffers', 'shared', 'queues', 'metrics', 'properties', 'misc', 'foreign', 'wasi', 'badmemory'],
);

/** What is not about one stream. */
export const ROOT_PLAN: Plan = {
  root_create: EVERYTHING,
  first_stream_create: CREATION,
  vm_start: EVERYTHING,
  configure: `${EVERYTHING},reply:418:root:root,continue:0,continue:1,close:0,close:1,close:2,close:3,tick:100`,
  tick: `tick:0,${EVERYTHING},enqueue:later:item`,
  queue_ready: `${all('maps', 'buffers', 'callouts', 'shared', 'metrics', 'properties', 'misc', 'foreign', 'wasi', 'badmemory')},dequeue:later,tick:100`,
};

const TWICE: readonly Pair[] = [
  ['x-twice', 'one'],
  ['x-twice', 'two'],
];

const POST: ProbeMessage = { headers: TWICE, body: ['request body'], trailers: [['x-request-trailer', 'yes']] };
const ANSWER: ProbeMessage = { headers: TWICE, body: ['response body'], trailers: [['x-response-trailer', 'yes']] };

const PHASES = [
  'request_headers',
  'request_body',
  'request_trailers',
  'response_headers',
  'response_body',
  'response_trailers',
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
  'expressions',
  'wasi',
  'badmemory',
] as const;

/** Each group of hostcalls in each phase of a stream. */
const batteries: readonly ProbeCase[] = GROUPS.map((group) => ({
  name: `battery-${group}`,
  plan: Object.fromEntries(PHASES.map((phase) => [phase, `${group}!`])),
  request: POST,
  response: ANSWER,
}));

export const CASES: readonly ProbeCase[] = [
  { name: 'plain', request: POST, response: ANSWER },
  ...batteries,
  {
    // An effective context makes no difference to expressions: they are about the context of the callback.
    name: 'expressions-effective',
    plan: {
      request_headers: 'call:live:/fine::500,ret:4',
      http_call_response: 'expressions!,effective,expressions!,continue:0',
    },
  },
  ...SEQUENCES,
];
