import type { Pair, Plan, ProbeCase, ProbeMessage } from './probe-case.ts';

const POST: ProbeMessage = { body: ['request ', 'body'], trailers: [['x-request-trailer', 'yes']] };
const ANSWER: ProbeMessage = { body: ['response ', 'body'], trailers: [['x-response-trailer', 'yes']] };
const PLAIN_POST: ProbeMessage = { body: ['one ', 'two'] };

const STREAM_PHASES = [
  'request_headers',
  'request_body',
  'request_trailers',
  'response_headers',
  'response_body',
  'response_trailers',
];
const END_PHASES = ['log', 'done', 'delete'];

const sideOf = (phase: string) => (phase.startsWith('request') ? 0 : 1);

/** Which maps are there, by something of each. */
const ALL_MAPS = 'get:0:x-case,get:1:x-request-trailer,get:2:%3Astatus,get:3:x-response-trailer';

/** Each answer of each callback, let go of by the answer to a callout. */
const pauses: readonly ProbeCase[] = STREAM_PHASES.flatMap((phase) => {
  const results = phase.endsWith('headers') ? [1, 3, 4] : phase.endsWith('body') ? [1, 2, 3] : [1];
  return results.flatMap((result) =>
    (phase.endsWith('headers') ? [false, true] : [false]).map((allowsStopIteration) => ({
      name: `pause-${phase}-${result}${allowsStopIteration ? '-stops' : ''}`,
      plan: {
        ...(phase.endsWith('body') ? { [`${phase}_each`]: `ret:${result}`, [`${phase}_end`]: `ret:${result}` } : {}),
        ...(allowsStopIteration && result === 1
          ? { [`${phase.split('_')[0]}_body_each`]: 'ret:1', [`${phase.split('_')[0]}_trailers`]: 'ret:1' }
          : {}),
        ...(phase.endsWith('body')
          ? { [`${phase.split('_')[0]}_trailers`]: 'call:live:/fine::1000,ret:1' }
          : { [phase]: `call:live:/fine::1000,ret:${result}` }),
        http_call_response: `effective,get:${sideOf(phase) * 2}:x-case,continue:${sideOf(phase)},size:0`,
        done: ALL_MAPS,
      },
      request: POST,
      response: ANSWER,
      allowsStopIteration,
    })),
  );
});

/** Answers that no one has defined, and the one that ends the stream. */
const oddAnswers: readonly ProbeCase[] = [-1, 2, 5, 99].flatMap((result) =>
  ['request_headers', 'response_headers'].map((phase) => ({
    name: `answer-${phase}-${result}`,
    plan: { [phase]: `ret:${result}` },
    request: POST,
    response: ANSWER,
    hangs: result !== 2,
  })),
);

/** What a callback that returns without waiting for anything does with what was held before. */
const bodies: readonly ProbeCase[] = [
  { name: 'buffer-to-the-end', plan: { request_body: 'ret:1', response_body: 'ret:1' } },
  {
    name: 'buffer-then-read',
    plan: { request_body: 'ret:1', request_body_end: 'status:0,read:0:0:100' },
    request: PLAIN_POST,
  },
  {
    name: 'buffer-then-replace',
    plan: { request_body: 'ret:1', request_body_end: 'write:0:0:1000:all new,status:0' },
    request: PLAIN_POST,
  },
  {
    name: 'buffer-then-prepend',
    plan: { request_body: 'ret:1', request_body_end: 'write:0:0:0:<,write:0:1000:0:>,status:0' },
    request: PLAIN_POST,
  },
  {
    name: 'buffer-then-empty',
    plan: { request_body: 'ret:1', request_body_end: 'write:0:0:1000:,status:0' },
    request: PLAIN_POST,
  },
  {
    name: 'write-each',
    plan: { request_body_each: 'write:0:0:0:[,write:0:1000:0:]', response_body_each: 'write:1:0:0:[,write:1:1000:0:]' },
  },
  { name: 'write-start', plan: { request_body_each: 'write:0:0:2:__', response_body_each: 'write:1:0:2:__' } },
  { name: 'write-the-other-side', plan: { request_body_each: 'write:1:0:0:x', response_body_each: 'write:0:0:0:x' } },
  { name: 'drop', plan: { request_body_each: 'ret:3' }, request: PLAIN_POST, hangs: true },
  { name: 'stop-then-go-on', plan: { request_body: 'ret:3', request_body_end: 'ret:0' }, request: PLAIN_POST },
  { name: 'watermark-then-go-on', plan: { request_body: 'ret:2', request_body_end: 'ret:0' }, request: PLAIN_POST },
  { name: 'trailers-let-go', plan: { request_body_each: 'ret:1', response_body_each: 'ret:1' } },
  {
    name: 'headers-after-body',
    plan: { request_headers: 'ret:1', request_body: 'ret:1', request_body_end: 'replace:0:x-late:yes,pairs:0' },
    request: PLAIN_POST,
    allowsStopIteration: true,
  },
  {
    name: 'response-headers-after-body',
    plan: { response_headers: 'ret:1', response_body: 'ret:1', response_trailers: 'replace:2:x-late:yes,pairs:2' },
    allowsStopIteration: true,
  },
  { name: 'no-bodies', plan: { request_headers: 'status:0', response_headers: 'status:1' }, request: {}, response: {} },
].map((each) => ({ request: POST, response: ANSWER, ...each }));

const replies: readonly ProbeCase[] = [
  // A reply, or the end of the stream, that is asked for in the log, done or delete, kills Envoy: not to be tried.
  ...STREAM_PHASES.map((phase) => ({
    name: `reply-${phase}`,
    plan: { [phase]: 'reply:418:details:short and stout::x-reply:one:x-reply:two', done: ALL_MAPS },
    request: POST,
    response: ANSWER,
  })),
  { name: 'reply-empty', plan: { request_headers: 'reply:204::::x-reply:yes' } },
  { name: 'reply-twice', plan: { request_headers: 'reply:401::first:,reply:403::second:,ret:4' } },
  { name: 'reply-and-continue', plan: { request_headers: 'reply:401::first:,continue:0,ret:0' } },
  {
    name: 'reply-from-callout',
    plan: { request_headers: 'call:live:/fine::1000,ret:4', http_call_response: 'effective,reply:403:d:denied:' },
    request: POST,
  },
  { name: 'reply-content-type', plan: { request_headers: 'reply:400::{}::content-type:text/json:Content-Length:99' } },
  { name: 'reply-pseudo', plan: { request_headers: 'reply:400::x::%3Astatus:500' } },
  { name: 'reply-200', plan: { request_headers: 'reply:200::fine:7' } },
  {
    name: 'reply-grpc',
    plan: { request_headers: 'reply:403::no%0Anever 100%25:7:x-more:1' },
    request: { headers: [['content-type', 'application/grpc']], body: ['x'] },
  },
  {
    name: 'reply-grpc-derived',
    plan: { request_headers: 'reply:404::gone:' },
    request: { headers: [['content-type', 'application/grpc+proto']], body: ['x'] },
  },
  { name: 'reply-head', plan: { request_headers: 'reply:403::body:' }, request: { method: 'HEAD' } },
  {
    name: 'reply-changed',
    plan: {
      request_headers: 'reply:403::body:,ret:4',
      response_headers: 'replace:2:x-changed:yes,pairs:2',
      response_body_each: 'write:1:0:0:more ',
    },
  },
];

const closes: readonly ProbeCase[] = STREAM_PHASES.slice(0, -1).flatMap((phase) =>
  [0, 1].map((type) => ({
    name: `close-${phase}-${type}`,
    plan: { [phase]: `close:${type}`, done: ALL_MAPS },
    request: POST,
    response: ANSWER,
  })),
);

const continues: readonly ProbeCase[] = [...STREAM_PHASES.slice(0, -1), ...END_PHASES].map((phase) => ({
  name: `continue-${phase}`,
  plan: { [phase]: `continue:${sideOf(phase)},get:0:x-case,status:0,get:2:%3Astatus` },
  request: POST,
  response: ANSWER,
}));

/** What modules may do to headers. */
const HEADER_CHANGES: Plan = {
  case: 'add:0:X-UPPER:Value,get:0:x-upper,get:0:X-UPPER,pairs:0',
  empty: 'add:0:x-empty:,get:0:x-empty,replace:0:x-case:,get:0:x-case,pairs:0,replace:0:x-case:header-empty',
  duplicates: 'add:0:x-many:1,add:0:x-many:2,add:0:x-other:3,replace:0:x-many:4,pairs:0,remove:0:x-many,pairs:0',
  'replace-of-several': 'replace:0:x-twice:once,pairs:0',
  bytes: 'add:0:x-bytes:caf%C3%A9 %FF%01,get:0:x-bytes,pairs:0',
  path: 'replace:0:%3Apath:/other,get:0:%3Apath,pairs:0,property:request.path,property:request.url_path',
  'path-twice': 'add:0:%3Apath:/other,get:0:%3Apath,pairs:0',
  authority: 'replace:0:%3Aauthority:other.test,get:0:host,replace:0:host:third.test,pairs:0',
  host: 'get:0:host,add:0:host:x.test,pairs:0',
  method: 'replace:0:%3Amethod:DELETE,pairs:0',
  'own-pseudo': 'replace:0:%3Ax:1,get:0:%3Ax',
  set: 'setpairs:0:%3Apath:/set:%3Amethod:GET:%3Aauthority:set.test:%3Ascheme:http:x-case:header-set:x-forwarded-proto:http:X-Set:1:x-set:2,pairs:0',
  'set-raw': [0, 1, 2, 3, 4, 5, 7, 8, 9].map((kind) => `raw:3:${kind}`).join(','),
  'content-length': 'get:0:content-length,add:0:content-length:7,pairs:0',
};

/** Headers that Envoy has a place for may stand once: what is added goes behind a comma. */
const INLINE = [
  'accept',
  'accept-encoding',
  'accept-language',
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'cache-control',
  'etag',
  'vary',
  'age',
  'expires',
  'last-modified',
  'origin',
  'referer',
  'user-agent',
  'te',
  'expect',
  'via',
  'host',
  'date',
  'server',
  'location',
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-status',
  'transfer-encoding',
  'upgrade',
  'content-type',
  'content-length',
  'content-encoding',
  'grpc-timeout',
  'grpc-status',
  'grpc-message',
  'grpc-accept-encoding',
  'x-client-trace-id',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-external-address',
  'x-envoy-force-trace',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-internal',
  'x-envoy-ip-tags',
  'x-envoy-max-retries',
  'x-envoy-original-path',
  'x-envoy-original-host',
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-is-timeout-retry',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-attempt-count',
  'x-envoy-degraded',
  'x-envoy-immediate-health-check-fail',
  'x-envoy-ratelimited',
  'x-envoy-upstream-canary',
  'x-envoy-upstream-healthchecked-cluster',
  'x-envoy-upstream-service-time',
  'x-envoy-decorator-operation',
  'x-forwarded-client-cert',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-request-id',
  'x-b3-traceid',
  'traceparent',
  'tracestate',
  'x-real-ip',
  'access-control-request-method',
  'access-control-request-headers',
  'access-control-allow-origin',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-credentials',
  'access-control-expose-headers',
  'access-control-max-age',
  'access-control-request-private-network',
  'access-control-allow-private-network',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'pragma',
  'warning',
  'range',
  'x-plain',
] as const;

const inline: readonly ProbeCase[] = ([0, 1, 2, 3] as const).map((map) => ({
  name: `header-inline-${map}`,
  plan: {
    [['request_headers', 'request_trailers', 'response_headers', 'response_trailers'][map] as string]: [
      ...INLINE.flatMap((name) => [`add:${map}:${name}:7`, `add:${map}:${name}:8`]),
      ...INLINE.map((name) => `get:${map}:${name}`),
      `pairs:${map}`,
      // Some of them would not reach anyone.
      ...INLINE.filter((name) => map !== 0 || name !== 'host').map((name) => `remove:${map}:${name}`),
      ...(map === 0 ? ['replace:0:host:probe.test', 'replace:0:x-forwarded-proto:http'] : []),
    ].join(','),
  },
  request: POST,
  response: ANSWER,
}));

const headers: readonly ProbeCase[] = [
  ...inline,
  ...Object.entries(HEADER_CHANGES).map(([name, actions]) => ({
    name: `header-${name}`,
    plan: { request_headers: actions },
    request: {
      headers: [
        ['x-twice', 'one'],
        ['x-twice', 'two'],
      ] satisfies Pair[],
    },
    response: ANSWER,
  })),
  ...['%3Apath', '%3Amethod', '%3Aauthority', '%3Ascheme'].map((name) => ({
    name: `header-without-${name.slice(3)}`,
    plan: { request_headers: `remove:0:${name},get:0:${name}`, log: 'property:response.code_details' },
  })),
  { name: 'header-none', plan: { request_headers: 'setpairs:0,pairs:0,size:0' } },
  { name: 'header-many-1000', plan: { request_headers: 'many:0:1000:10,size:0,pairs:0' } },
  { name: 'header-many-1024', plan: { response_trailers: 'many:3:1024:1,size:3' }, request: POST, response: ANSWER },
  { name: 'header-many-1025', plan: { response_trailers: 'many:3:1025:1,size:3' }, request: POST, response: ANSWER },
  { name: 'header-big', plan: { response_trailers: 'many:3:2:1100000,size:3' }, request: POST, response: ANSWER },
  {
    name: 'header-of-response',
    plan: { response_headers: 'add:2:X-Res:1,replace:2:%3Astatus:201,get:2:%3Astatus,pairs:2,property:response.code' },
    response: ANSWER,
  },
  {
    name: 'header-response-without-status',
    plan: { response_headers: 'remove:2:%3Astatus', log: 'property:response.code_details' },
  },
  {
    name: 'header-trailers',
    plan: { request_trailers: 'add:1:x-more:1,pairs:1,size:1', response_trailers: 'add:3:x-more:1,pairs:3,size:3' },
    request: POST,
    response: ANSWER,
  },
];

const HEARD = 'pairs:6,pairs:7,get:6:%3Astatus,status:4,read:4:0:1000,grpcstatus,pairs:0';

const callouts: readonly ProbeCase[] = [
  ...['/fine', '/trailers', '/empty', '/error', '/never'].map((path) => ({ cluster: 'live', path })),
  { cluster: 'dead', path: '/' },
].map(({ cluster, path }) => ({
  name: `callout-${cluster}${path.replace('/', '-')}`,
  plan: {
    request_headers: `call:${cluster}:${path}::150,ret:4`,
    http_call_response: `${HEARD},effective,${HEARD},continue:0`,
  },
}));

const moreCallouts: readonly ProbeCase[] = [
  { name: 'callout-empty', plan: { request_headers: 'call:empty:/fine::150', http_call_response: HEARD } },
  {
    name: 'callout-echo',
    plan: {
      request_headers: 'call:live:/echo:question:500:t,ret:4',
      http_call_response: `${HEARD},effective,continue:0`,
    },
  },
  {
    name: 'callout-without-effective-context',
    plan: { request_headers: 'call:live:/fine::500,ret:4', http_call_response: 'continue:0' },
    hangs: true,
  },
  {
    name: 'callout-all-groups',
    plan: {
      request_headers: 'call:live:/fine::500,ret:4',
      http_call_response:
        'maps!,buffers!,misc!,metrics!,shared!,foreign!,badmemory!,effective,maps!,buffers!,continue:0',
    },
  },
  ...[...STREAM_PHASES, ...END_PHASES].map((phase) => ({
    name: `callout-from-${phase}`,
    plan: { [phase]: 'call:live:/fine::500' },
    request: POST,
    response: ANSWER,
  })),
];

const LISTEN: Plan = {
  grpc_receive_initial_metadata: 'pairs:4,get:4:x-initial,size:4,pairs:5',
  grpc_receive: 'status:5,read:5:0:100,pairs:4,grpcstatus',
  grpc_receive_trailing_metadata: 'pairs:5,get:5:x-trailing,get:5:grpc-status',
  grpc_close: 'grpcstatus,pairs:5,read:5:0:100',
};

const grpc: readonly ProbeCase[] = [
  { name: 'grpc-say', plan: { ...LISTEN, request_headers: 'grpc:live:Say:hello:500' } },
  { name: 'grpc-fail', plan: { ...LISTEN, request_headers: 'grpc:live:Fail:hello:500' } },
  { name: 'grpc-never', plan: { ...LISTEN, request_headers: 'grpc:live:Never:hello:150' } },
  { name: 'grpc-dead', plan: { ...LISTEN, request_headers: 'grpc:dead:Say:hello:500' } },
  {
    name: 'grpc-cancel',
    plan: { ...LISTEN, request_headers: 'grpc:live:Say:hello:500,send:x:0,grpccancel,grpccancel,grpcclose' },
  },
  { name: 'grpc-stream', plan: { ...LISTEN, request_headers: 'stream:live:Talk,send:one:0,send:two:1' } },
  {
    name: 'grpc-stream-fail',
    plan: {
      ...LISTEN,
      request_headers: 'stream:live:Fail,send:x:0',
      grpc_close: 'grpcstatus,send:late:0,grpcclose,grpcclose',
    },
  },
  { name: 'grpc-stream-dead', plan: { ...LISTEN, request_headers: 'stream:dead:Talk,send:x:0' } },
  {
    name: 'grpc-stream-cancel',
    plan: { ...LISTEN, request_headers: 'stream:live:Talk,send:x:0,grpccancel,send:y:0,grpcclose' },
  },
  {
    name: 'grpc-all-groups',
    plan: { request_headers: 'grpc:live:Say:hello:500', grpc_receive: 'maps!,buffers!,misc!,metrics!,shared!' },
  },
  {
    name: 'grpc-close-all-groups',
    plan: { request_headers: 'grpc:live:Fail:hello:500', grpc_close: 'maps!,buffers!,misc!,metrics!,shared!' },
  },
];

/** What a module can do to a stream that is gone, when the answer to its callout comes. */
const TOO_LATE = `${HEARD},effective,pairs:0,get:0:x-case,continue:0,continue:1,close:0,reply:403::late:`;
const GONE: Plan = { log: ALL_MAPS, done: ALL_MAPS, delete: ALL_MAPS };

/** A client that goes away while the module holds its stream, and while callouts are on their way. */
const leaves: readonly ProbeCase[] = [
  { name: 'leave-held', plan: { ...GONE, request_headers: 'ret:4' } },
  {
    name: 'leave-with-callout',
    plan: { ...GONE, request_headers: 'call:live:/slow::1000,ret:4', http_call_response: TOO_LATE },
  },
  {
    name: 'leave-with-callout-never',
    plan: { ...GONE, request_headers: 'call:live:/never::300,ret:4', http_call_response: TOO_LATE },
  },
  {
    name: 'leave-with-callouts',
    plan: {
      ...GONE,
      request_headers: 'call:live:/slow::1000,call:live:/slow:again:1000,ret:4',
      http_call_response: 'effective,read:4:0:100',
    },
  },
  {
    name: 'leave-with-callout-of-trailers',
    plan: {
      ...GONE,
      request_body: 'ret:1',
      request_trailers: 'call:live:/slow::1000,ret:1',
      http_call_response: `${TOO_LATE},status:0,read:0:0:100`,
    },
    request: POST,
    leavesAfter: 'request_trailers',
  },
  {
    name: 'leave-with-callout-of-response',
    plan: { ...GONE, response_headers: 'call:live:/slow::1000,ret:4', http_call_response: `${TOO_LATE},pairs:2` },
    response: ANSWER,
    leavesAfter: 'response_headers',
  },
  {
    name: 'leave-with-callout-from-delete',
    plan: { request_headers: 'ret:4', delete: 'call:live:/fine::1000', http_call_response: TOO_LATE },
  },
  {
    name: 'leave-with-grpc-call',
    plan: { ...LISTEN, request_headers: 'grpc:live:Never:hello:300,ret:4', grpc_close: 'grpcstatus,effective' },
  },
  {
    name: 'leave-with-grpc-call-cancelled',
    plan: { ...LISTEN, request_headers: 'grpc:live:Never:hello:300,ret:4', delete: 'grpccancel,grpccancel,grpcclose' },
  },
  {
    name: 'leave-with-grpc-stream',
    plan: {
      request_headers: 'stream:live:Talk,send:one:0,ret:4',
      grpc_receive: 'read:5:0:100,effective,get:0:x-case',
      grpc_receive_trailing_metadata: 'pairs:5,effective',
      grpc_close: 'grpcstatus,effective,grpcclose,grpcclose',
      delete: 'send:late:1',
    },
  },
  {
    name: 'leave-with-grpc-stream-cancelled',
    plan: {
      ...LISTEN,
      request_headers: 'stream:live:Talk,send:one:0,ret:4',
      done: 'grpccancel,send:late:0,grpcclose',
    },
  },
].map((each) => ({ leavesAfter: 'request_headers', ...each }));

const others: readonly ProbeCase[] = [
  {
    name: 'print',
    plan: {
      request_headers:
        'print:1:to stdout,print:2:to stderr,print:1:two%0Alines,print:1:ends%0A,print:0:to stdin,print:3:to 3',
    },
  },
  { name: 'queue', plan: { request_headers: 'enqueue:q:one,enqueue:q:two,dequeue:q', log: 'dequeue:q,dequeue:q' } },
  {
    name: 'count',
    plan: { request_headers: 'count:0:probe_requests:2,record:1:probe_level:7,count:1:probe_level:-3' },
  },
  { name: 'route-cache', plan: { request_headers: 'replace:0:x-route:other,foreign:clear_route_cache:' } },
];

/** What happens when, as streams go. */
export const SEQUENCES: readonly ProbeCase[] = [
  ...pauses,
  ...oddAnswers,
  ...bodies,
  ...replies,
  ...closes,
  ...continues,
  ...headers,
  ...callouts,
  ...moreCallouts,
  ...grpc,
  ...leaves,
  ...others,
];
