import type { Explanation } from '@heddle/explain';
import type { AllowedDifference } from './allowed-differences.ts';
import { withModules } from './case-modules.ts';
import { checkExpectation, compareAnswers, type Difference } from './compare.ts';
import type { EchoBackends } from './echo-backends.ts';
import { explainCaseRequest, judgeExplanation } from './explained.ts';
import type { Mesh, PlaneName, Proxy } from './mesh.ts';
import type { CaseObject, CaseRequest, Distribution, Json, ParityCase, ViewName } from './parity-case.ts';
import { backendNames, isUnreachable, PLACEHOLDER } from './placeholders.ts';
import { type Answer, ProxyClient, type UnloggedAnswer } from './send-request.ts';

/** The answers of one proxy to the requests of a case, in order. */
export type CaseAnswers = readonly (readonly Answer[])[];

/** What is wrong with one request of a case. */
export interface RequestFailure {
  readonly view: ViewName;
  readonly request: string;
  readonly differences: readonly Difference[];
}

export interface CaseResult {
  readonly name: string;
  /** Requests compared, repetitions not counted. */
  readonly requests: number;
  /** Requests of which `heddle explain request` was held against what Envoy did. */
  readonly explained: number;
  /** Requests that the case says are answered differently. */
  readonly knownDifferences: number;
  readonly failures: readonly RequestFailure[];
  /** Objects that should be sound and are not, resources that a proxy refused, and other reasons why nothing was compared. */
  readonly problems: readonly string[];
}

/** What cases run in. */
export interface CaseRunner {
  readonly mesh: Mesh;
  readonly backends: EchoBackends;
  readonly allowed: readonly AllowedDifference[];
  nextRequestId(): string;
}

/** How many echo backends a case may name. */
export const MAX_BACKENDS = 8;

/**
 * The objects of a case with `${NAME}` replaced by ports; a text that is nothing but a placeholder becomes a number. The backends
 * are numbered in the order in which `namedIn` names them.
 */
export function substitute(
  resources: readonly CaseObject[],
  backends: EchoBackends,
  namedIn: readonly CaseObject[] = resources,
): CaseObject[] {
  const names = backendNames(namedIn);
  if (names.length > MAX_BACKENDS)
    throw new Error(`the case names ${names.length} backends, at most ${MAX_BACKENDS} run`);
  const portOf = (name: string): number =>
    isUnreachable(name) ? backends.unreachable[name] : backends.port(names.indexOf(name));
  const replace = (value: Json): Json => {
    if (typeof value === 'string') {
      const whole = /^\$\{([a-z][a-z0-9-]*)\}$/.exec(value)?.[1];
      if (whole !== undefined) return portOf(whole);
      return value.replace(PLACEHOLDER, (_, name: string) => String(portOf(name)));
    }
    if (Array.isArray(value)) return value.map(replace);
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, replace(field as Json)]));
    }
    return value;
  };
  return resources.map((resource) => withModules(replace(resource)) as CaseObject);
}

const noLongerDiffers: Difference = {
  what: 'differs',
  envoy: 'the same answer',
  gateway: 'the same answer: remove "differs" from the case',
};

/** Runs a case on both data planes and compares. */
export async function runCase(runner: CaseRunner, parityCase: ParityCase): Promise<CaseResult> {
  const failures: RequestFailure[] = [];
  const problems: string[] = [];
  let knownDifferences = 0;
  let explained = 0;
  const names = backendNames(parityCase.resources);
  runner.backends.speakTls(parityCase.backendTls);
  const { invalid, refused } = await runner.mesh.configure(substitute(parityCase.resources, runner.backends));
  if (!parityCase.invalid) problems.push(...invalid.map((message) => `refused by validation: ${message}`));
  if (parityCase.invalid && invalid.length === 0) problems.push('it says that objects are invalid, and none is');
  problems.push(...refused);
  for (const view of parityCase.views) {
    const answers = (plane: PlaneName): Promise<CaseAnswers> => answersOf(runner, plane, view, parityCase.requests);
    // What mostly waits may wait at the same time.
    const waits = parityCase.requests.some(({ afterMs }) => afterMs > 0);
    const [envoy, gateway] = waits
      ? await Promise.all([answers('envoy'), answers('gateway')])
      : [await answers('envoy'), await answers('gateway')];
    const compiled = runner.mesh.compiledFor('envoy', view);
    parityCase.requests.forEach((request, i) => {
      const explanation = withConfiguredLocation(explainCaseRequest(compiled, request), proxyOf(runner, 'envoy', view));
      const verdict =
        request.inexplicable === undefined
          ? judgeExplanation(request, explanation, envoy[i] ?? [], runner.backends)
          : { judged: false, differences: [] };
      if (verdict.judged) explained++;
      const answered = compareAnswers(request, envoy[i] ?? [], gateway[i] ?? [], runner.allowed);
      const differences = [
        ...(request.differs === undefined ? answered : answered.length > 0 ? [] : [noLongerDiffers]),
        ...checkExpectation(request, envoy[i] ?? [], (backend) => names[backend] ?? `backend ${backend}`),
        ...verdict.differences,
      ];
      if (request.differs !== undefined) knownDifferences++;
      if (differences.length > 0) failures.push({ view, request: `${i}: ${request.name}`, differences });
    });
  }
  const requests = parityCase.requests.length * parityCase.views.length;
  return { name: parityCase.name, requests, explained, knownDifferences, failures, problems };
}

/** Sends the requests of a case to one proxy. */
export async function answersOf(
  runner: Pick<CaseRunner, 'mesh' | 'backends' | 'nextRequestId'>,
  plane: PlaneName,
  view: ViewName,
  requests: readonly CaseRequest[],
): Promise<CaseAnswers> {
  const proxy = proxyOf(runner, plane, view);
  // New connections for each case: a proxy may serve those it has by the configuration they began with.
  const clients = new Map<number, ProxyClient>();
  const answers: (UnloggedAnswer & { readonly id: string })[][] = [];
  try {
    for (const request of requests) {
      if (request.afterMs > 0) await new Promise((resolve) => setTimeout(resolve, request.afterMs));
      if (request.tls !== undefined) {
        const client = new ProxyClient(proxy.boundPort(request.port), request.tls);
        answers.push(await sendAll(runner, client, request));
        client.close();
        continue;
      }
      const client = clients.get(request.port) ?? new ProxyClient(proxy.boundPort(request.port));
      clients.set(request.port, client);
      answers.push(await sendAll(runner, client, request));
    }
  } finally {
    for (const client of clients.values()) client.close();
  }
  return Promise.all(
    answers.map((repeated) =>
      Promise.all(
        repeated.map(async ({ id, ...answer }) => ({
          ...answer,
          headers: withConfiguredPorts(answer.headers, proxy),
          log: await proxy.accessLog.take(id, LOG_WAIT_MS),
        })),
      ),
    ),
  );
}

function proxyOf({ mesh }: Pick<CaseRunner, 'mesh'>, plane: PlaneName, view: ViewName): Proxy {
  const proxy = mesh.proxies.find((candidate) => candidate.plane === plane && candidate.view === view);
  if (proxy === undefined) throw new Error(`no ${plane} runs as ${view}`);
  return proxy;
}

/** A location on a bound port of the proxy as one on the configured port: those are the same everywhere. */
function configuredLocation(location: string, proxy: Proxy): string {
  return location.replace(/^(https?:\/\/[^/:]*):(\d+)/, (whole, before: string, port: string) => {
    const configured = proxy.configuredPort(Number(port));
    return configured === undefined ? whole : `${before}:${configured}`;
  });
}

function withConfiguredPorts(headers: readonly string[], proxy: Proxy): readonly string[] {
  const isLocation = (i: number): boolean => i % 2 === 1 && headers[i - 1]?.toLowerCase() === 'location';
  return headers.map((value, i) => (isLocation(i) ? configuredLocation(value, proxy) : value));
}

function withConfiguredLocation(explanation: Explanation, proxy: Proxy): Explanation {
  const { outcome } = explanation;
  if (outcome.kind !== 'answered' || outcome.location === undefined) return explanation;
  return { ...explanation, outcome: { ...outcome, location: configuredLocation(outcome.location, proxy) } };
}

/** Long enough for a log that is flushed every few milliseconds; spent only on what is never logged. */
const LOG_WAIT_MS = 300;

/** How many requests are on their way at a time; ten where order plays no part, more where each may wait for copies. */
const WIDTHS: Readonly<Partial<Record<Distribution, number>>> = {
  exact: 1,
  turns: 1,
  rounds: 1,
  together: Number.POSITIVE_INFINITY,
};

/** Sends a request as often as it says. */
async function sendAll(
  runner: Pick<CaseRunner, 'backends' | 'nextRequestId'>,
  client: ProxyClient,
  request: CaseRequest,
): Promise<(UnloggedAnswer & { readonly id: string })[]> {
  const answers: (UnloggedAnswer & { readonly id: string })[] = [];
  while (answers.length < request.count) {
    const width = Math.min(
      WIDTHS[request.distribution] ?? (request.copies > 0 ? 50 : 10),
      request.count - answers.length,
    );
    const sent = Array.from({ length: width }, async () => {
      const id = runner.nextRequestId();
      return { ...(await client.send(request, id, runner.backends)), id };
    });
    answers.push(...(await Promise.all(sent)));
  }
  return answers;
}
