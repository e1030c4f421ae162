import {
  type Callouts,
  formatLocalReply,
  HeaderList,
  HttpStream,
  LogLevel,
  type MessageSink,
  type Plugin,
  startPlugin,
} from '@heddle/wasm-host';
import { type FakeClock, fakeClock } from '@heddle/wasm-host/testing';
import { answerCallout, answerGrpc, type GrpcAnswer } from './peer.ts';
import { type Pair, type ProbeCase, type ProbeMessage, planTable, type SeenMessage } from './probe-case.ts';
import { parseLine } from './transcript.ts';
import {
  LONGEST_BACK_OFF_MS,
  NEXT,
  RELOAD_MS,
  requestOf,
  type TrapCase,
  type TrapOutcome,
  type TrapPolicy,
  type TrapRun,
  WAITING,
} from './trap-cases.ts';

const POLICIES = {
  FAIL_CLOSED: 'closed',
  FAIL_OPEN: 'open',
  fail_open: 'always-open',
  FAIL_RELOAD: 'reload',
} as const satisfies Record<TrapPolicy, string>;

/** Runs a case through a plugin of @heddle/wasm-host, as proxies have it. */
export async function runTrapInHost(wasm: Uint8Array<ArrayBuffer>, { name, policy, root = {}, first }: TrapCase) {
  const clock = fakeClock();
  const lines: string[] = [];
  let reloads = 0;
  const plugin = await startPlugin({
    module: wasm,
    name,
    vmId: name,
    rootId: 'probe-root',
    configuration: 'the plugin configuration',
    vmConfiguration: planTable(root, [first]),
    environment: { PROBE: 'yes' },
    failurePolicy: POLICIES[policy],
    reloadIntervalMs: RELOAD_MS,
    clock,
    log: (_level, message) => lines.push(message),
    logLevel: LogLevel.INFO,
    callouts: { http: answerFrom(clock), grpc: grpcFrom(clock) },
    observe: (event) => {
      if (event.type === 'reloaded') reloads += 1;
    },
  });
  // In Envoy too some time has passed since it started.
  await clock.advance(LONGEST_BACK_OFF_MS);
  const from = lines.length;
  const open = (probeCase: ProbeCase) => new TrappedStream(plugin, requestOf(name, probeCase));
  const finish = async (stream: TrappedStream): Promise<TrapOutcome> => {
    await clock.advance(100);
    const outcome = stream.outcome();
    stream.close();
    return outcome;
  };
  const waiting = open(WAITING);
  waiting.sendHeaders();
  const firstStream = open(first);
  firstStream.send();
  const firstDone = await finish(firstStream);
  waiting.sendBody();
  const waitingDone = await finish(waiting);
  const next = async () => {
    const stream = open(NEXT);
    stream.send();
    return await finish(stream);
  };
  const second = await next();
  await clock.advance(LONGEST_BACK_OFF_MS);
  const third = await next();
  const said = lines.slice(from);
  plugin.close();
  return {
    waiting: waitingDone,
    first: firstDone,
    second,
    third,
    lines: said.filter((line) => parseLine(line) !== undefined),
    reloads,
  } satisfies TrapRun;
}

/** A request through the plugin alone, and what its upstream answers. */
class TrappedStream {
  readonly #stream: HttpStream;
  readonly #case: ProbeCase;
  readonly #headers: HeaderList;
  #upstream: SeenMessage | undefined;
  #client: TrapOutcome['client'] = 'nothing';

  constructor(plugin: Plugin, probeCase: ProbeCase) {
    this.#case = probeCase;
    const { name, request = {} } = probeCase;
    const { body = [], headers = [] } = request;
    this.#headers = new HeaderList([
      [':authority', 'probe.test'],
      [':path', `/${name}?a=b`],
      [':method', body.length > 0 ? 'POST' : 'GET'],
      [':scheme', 'http'],
      ['x-case', name],
      ...headers,
      ['x-forwarded-proto', 'http'],
    ]);
    const toClient = whole((message) => {
      this.#client = message;
      this.close();
    });
    this.#stream = new HttpStream({
      plugins: [plugin],
      request: whole((message) => {
        this.#upstream = message;
        const { response = {} } = probeCase;
        push(
          new HeaderList([[':status', String(response.status ?? 200)], ...(response.headers ?? [])]),
          response,
          this.#stream.response,
        );
      }),
      response: toClient,
      localReply: (reply, isDirect) => {
        const formatted = formatLocalReply(reply);
        const body = formatted.body.length === 0 ? [] : [Buffer.from(formatted.body).toString('latin1')];
        push(formatted.headers, { body }, isDirect ? toClient : this.#stream.response);
      },
      reset: () => {
        this.#client = 'reset';
        this.close();
      },
    });
  }

  sendHeaders(): void {
    const { body = [], trailers = [] } = this.#case.request ?? {};
    this.#stream.request.headers(this.#headers, body.length === 0 && trailers.length === 0);
  }

  sendBody(): void {
    pushBody(this.#case.request ?? {}, this.#stream.request);
  }

  send(): void {
    this.sendHeaders();
    this.sendBody();
  }

  outcome(): TrapOutcome {
    return { client: this.#client, upstream: this.#upstream };
  }

  close(): void {
    this.#stream.close({ requestHeaders: this.#headers });
  }
}

function push(headers: HeaderList, message: ProbeMessage, sink: MessageSink): void {
  sink.headers(headers, (message.body ?? []).length === 0 && (message.trailers ?? []).length === 0);
  pushBody(message, sink);
}

function pushBody({ body = [], trailers = [] }: ProbeMessage, sink: MessageSink): void {
  for (const [index, piece] of body.entries()) {
    sink.data(Buffer.from(piece, 'latin1'), index === body.length - 1 && trailers.length === 0);
  }
  if (trailers.length > 0) sink.trailers(new HeaderList(trailers));
}

/** Takes a message and hands it over whole. */
function whole(take: (message: SeenMessage) => void): MessageSink {
  let headers: readonly Pair[] = [];
  let body = '';
  return {
    headers(map, end) {
      headers = map.pairs();
      if (end) take({ headers, body, trailers: [] });
    },
    data(bytes, end) {
      body += Buffer.from(bytes).toString('latin1');
      if (end) take({ headers, body, trailers: [] });
      return true;
    },
    trailers: (map) => take({ headers, body, trailers: map.pairs() }),
  };
}

function answerFrom(clock: FakeClock): Callouts['http'] {
  return (call, replied) => {
    const path = call.headers.find(([name]) => name === ':path')?.[1] ?? '';
    const found = answerCallout(path, Buffer.from(call.body).toString('latin1'));
    if (call.cluster !== 'live' || found === undefined) return 'unknown-cluster';
    return clock.after(50, () =>
      replied({
        ...found,
        headers: [...found.headers, ['x-envoy-upstream-service-time', '1']],
        body: Buffer.from(found.body, 'latin1'),
      }),
    );
  };
}

/** The peer's gRPC, each answer when its time has come. */
function grpcFrom(clock: FakeClock): Callouts['grpc'] {
  return (call, events) => {
    let isOver = false;
    const tell = (answer: GrpcAnswer) => {
      if (isOver) return;
      if ('initial' in answer) events.initialMetadata([...answer.initial, ['x-envoy-upstream-service-time', '1']]);
      else if ('message' in answer) events.message(Buffer.from(answer.message, 'latin1'));
      else {
        const value = (name: string) => answer.end.find(([header]) => header === name)?.[1] ?? '';
        // Trailers that are all that comes.
        if (value(':status') !== '') events.initialMetadata([]);
        events.trailingMetadata(answer.end);
        isOver = true;
        events.closed(Number(value('grpc-status')), value('grpc-message'));
      }
    };
    const act = (message: string | undefined, end: boolean) => {
      for (const answer of answerGrpc(call.methodName, message, end)) clock.after(20, () => tell(answer));
    };
    act(undefined, false);
    if (call.message !== undefined) act(Buffer.from(call.message).toString('latin1'), true);
    return {
      send: (message, end) => act(Buffer.from(message).toString('latin1'), end),
      close: () => {},
      cancel: () => {
        isOver = true;
      },
    };
  };
}
