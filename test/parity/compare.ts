import { LOGGED, type LogEntry } from './access-log.ts';
import type { AllowedDifference, ValuePlace } from './allowed-differences.ts';
import { ORDER_HEADER, REQUEST_ID_HEADER, type ReceivedRequest } from './echo-backends.ts';
import type { CaseRequest, Expectation } from './parity-case.ts';
import type { Answer } from './send-request.ts';
import { arePlausiblyEqual, isPlausibleShare } from './statistics.ts';
import type { HandshakeResult } from './tls-connection.ts';

/** One thing in which two answers differ, or an expectation is not met. */
export interface Difference {
  /** `status`, `response header x`, `upstream path`, `shares` … */
  readonly what: string;
  readonly envoy: string;
  readonly gateway: string;
}

/** Compares the answers of both data planes to the same request, sent `count` times. */
export function compareAnswers(
  request: CaseRequest,
  envoy: readonly Answer[],
  gateway: readonly Answer[],
  allowed: readonly AllowedDifference[],
): Difference[] {
  if (request.count === 1) {
    const [one] = envoy;
    const [other] = gateway;
    return one === undefined || other === undefined ? [] : compareTwo(one, other, allowed, request.connections);
  }
  if (request.distribution === 'together') return compareSorted(request, envoy, gateway, allowed);
  if (request.connections) {
    const found = compareSequences(envoy, gateway);
    if (found.length > 0) return found;
  }
  return [...compareDistribution(request, envoy, gateway), ...compareGroups(envoy, gateway, allowed)];
}

/** What differs between two answers. */
export function compareTwo(
  envoy: Answer,
  gateway: Answer,
  allowed: readonly AllowedDifference[],
  connections = false,
): Difference[] {
  const found: Difference[] = [];
  const check = (what: string, a: unknown, b: unknown): void => {
    if (JSON.stringify(a) !== JSON.stringify(b)) found.push({ what, envoy: show(a), gateway: show(b) });
  };
  check('status', envoy.status, gateway.status);
  check('broken', envoy.error !== undefined, gateway.error !== undefined);
  check('body', envoy.body, gateway.body);
  check('TLS', envoy.tls, gateway.tls);
  check('trailers', lowerNames(envoy.trailers), lowerNames(gateway.trailers));
  check('connection closes', envoy.closes, gateway.closes);
  found.push(...compareLogs(envoy.log, gateway.log, allowed));
  found.push(...compareHeaders('response', envoy.headers, gateway.headers, allowed));
  check('upstream requests', envoy.received.length, gateway.received.length);
  envoy.received.forEach((received, i) => {
    const other = gateway.received[i];
    if (other === undefined) return;
    for (const part of ['backend', 'httpVersion', 'method', 'path', 'body', 'tls'] as const) {
      check(`upstream ${part}`, received[part], other[part]);
    }
    if (connections) check('place on its upstream connection', received.onConnection, other.onConnection);
    check('upstream trailers', lowerNames(received.trailers), lowerNames(other.trailers));
    found.push(...compareHeaders('upstream', received.headers, other.headers, allowed));
  });
  return found;
}

function compareHeaders(
  where: ValuePlace,
  envoy: readonly string[],
  gateway: readonly string[],
  allowed: readonly AllowedDifference[],
): Difference[] {
  const a = byName(envoy);
  const b = byName(gateway);
  const found: Difference[] = [];
  for (const name of [...new Set([...a.keys(), ...b.keys()])].sort()) {
    if (name === REQUEST_ID_HEADER || name === ORDER_HEADER) continue;
    const ours = a.get(name);
    const theirs = b.get(name);
    if (JSON.stringify(ours) === JSON.stringify(theirs)) continue;
    const exception = allowed.find((entry) => entry.where === where && entry.name === name);
    if (exception?.as === 'anything') continue;
    if (exception?.as === 'masked' && masked(exception, ours) === masked(exception, theirs)) continue;
    if (exception?.as === 'present' && fits(exception, ours) && fits(exception, theirs)) continue;
    found.push({ what: `${where} header ${name}`, envoy: show(ours), gateway: show(theirs) });
  }
  return found;
}

function compareLogs(
  envoy: LogEntry | undefined,
  gateway: LogEntry | undefined,
  allowed: readonly AllowedDifference[],
): Difference[] {
  if (envoy === undefined || gateway === undefined) {
    if (envoy === gateway) return [];
    const exception = allowed.some((entry) => entry.where === 'log' && entry.name === 'entry of a refused request');
    if (exception && envoy === undefined && gateway?.['RESPONSE_FLAGS'] === 'DPE') return [];
    return [{ what: 'access log', envoy: show(envoy), gateway: show(gateway) }];
  }
  return LOGGED.flatMap((field) => {
    if (envoy[field] === gateway[field]) return [];
    if (allowed.some((entry) => entry.where === 'log' && entry.name === field)) return [];
    return [{ what: `log ${field}`, envoy: show(envoy[field]), gateway: show(gateway[field]) }];
  });
}

function fits({ pattern }: AllowedDifference, values: readonly string[] | undefined): boolean {
  return values !== undefined && values.every((value) => pattern === undefined || pattern.test(value));
}

function masked({ pattern }: AllowedDifference, values: readonly string[] | undefined): string {
  return show(values?.map((value) => (pattern === undefined ? value : value.replace(pattern, '…'))));
}

function byName(headers: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase();
    const values = found.get(name);
    if (values === undefined) found.set(name, [headers[i + 1] ?? '']);
    else values.push(headers[i + 1] ?? '');
  }
  return found;
}

function lowerNames(headers: readonly string[]): string[] {
  return headers.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
}

/** Answers to requests that were under way together, in an order that does not depend on which of them got which. */
function compareSorted(
  request: CaseRequest,
  envoy: readonly Answer[],
  gateway: readonly Answer[],
  allowed: readonly AllowedDifference[],
): Difference[] {
  const places = ({ received }: Answer): string =>
    request.connections ? received.map(({ onConnection }) => onConnection).join() : '';
  const keyOf = (answer: Answer): string =>
    [answer.status, answer.log?.['RESPONSE_FLAGS'], attemptsOf(answer), answeredBy(answer), places(answer)].join(' ');
  const sorted = (answers: readonly Answer[]): { key: string; answer: Answer }[] =>
    answers.map((answer) => ({ key: keyOf(answer), answer })).sort((a, b) => (a.key < b.key ? -1 : 1));
  const ours = sorted(envoy);
  const theirs = sorted(gateway);
  const [a, b] = [ours, theirs].map((list) => list.map(({ key }) => key)) as [string[], string[]];
  if (JSON.stringify(a) !== JSON.stringify(b))
    return [{ what: 'answers (together)', envoy: show(a), gateway: show(b) }];
  return ours.flatMap(({ key, answer }, i) =>
    compareTwo(answer, (theirs[i] as { answer: Answer }).answer, allowed).map(({ what, ...values }) => ({
      what: `${key}: ${what}`,
      ...values,
    })),
  );
}

/** How requests sent one after another came to the backends: the place of each on its connection. */
function compareSequences(envoy: readonly Answer[], gateway: readonly Answer[]): Difference[] {
  const places = (answers: readonly Answer[]): (number | undefined)[] =>
    answers.map(({ received }) => received.at(-1)?.onConnection);
  const [a, b] = [show(places(envoy)), show(places(gateway))];
  return a === b ? [] : [{ what: 'places on upstream connections', envoy: a, gateway: b }];
}

/** Who answered: the last backend that received the request, or the status of an answer that reached none. */
export function answeredBy(answer: Answer): string {
  const last = answer.received.at(-1);
  return last === undefined ? `status ${answer.status ?? 'none'}` : `backend ${last.backend}`;
}

/** Attempts are part of what chance decides: which backend is tried first. */
function attemptsOf({ log }: Answer): string {
  return log?.['UPSTREAM_REQUEST_ATTEMPT_COUNT'] ?? '?';
}

function countAnswers(answers: readonly Answer[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answeredBy(answer), (counts.get(answeredBy(answer)) ?? 0) + 1);
  return new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function compareDistribution(request: CaseRequest, envoy: readonly Answer[], gateway: readonly Answer[]): Difference[] {
  const a = countAnswers(envoy);
  const b = countAnswers(gateway);
  const names = [...new Set([...a.keys(), ...b.keys()])];
  const equal = names.every((name) => {
    const ours = a.get(name) ?? 0;
    const theirs = b.get(name) ?? 0;
    if (request.distribution === 'exact' || request.distribution === 'turns') return ours === theirs;
    if (request.distribution === 'rounds') return Math.abs(ours - theirs) <= 2;
    if (request.distribution === 'set') return ours > 0 === theirs > 0;
    return arePlausiblyEqual(ours, envoy.length, theirs, gateway.length);
  });
  const inTurn = request.distribution !== 'turns' || periodOf(envoy) === periodOf(gateway);
  return equal && inTurn
    ? []
    : [{ what: `answers (${request.distribution})`, envoy: show([...a]), gateway: show([...b]) }];
}

const LONGEST_PERIOD = 16;

/** After how many answers the backends repeat in the same order: how taking turns is told from chance; 0 if they do not. */
function periodOf(answers: readonly Answer[]): number {
  const names = answers.map(answeredBy);
  for (let period = 1; period <= Math.min(LONGEST_PERIOD, names.length / 2); period++) {
    if (names.every((name, i) => i < period || name === names[i - period])) return period;
  }
  return 0;
}

/** Answers that come from the same backend must be alike, on both sides. */
function compareGroups(
  envoy: readonly Answer[],
  gateway: readonly Answer[],
  allowed: readonly AllowedDifference[],
): Difference[] {
  const found: Difference[] = [];
  const groupOf = (answer: Answer): string => `${answeredBy(answer)}, attempt ${attemptsOf(answer)}`;
  for (const name of new Set(envoy.map(groupOf))) {
    const one = envoy.find((answer) => groupOf(answer) === name);
    const other = gateway.find((answer) => groupOf(answer) === name);
    if (one === undefined || other === undefined) continue;
    for (const { what, ...values } of compareTwo(one, other, allowed))
      found.push({ what: `${name}: ${what}`, ...values });
  }
  return found;
}

/** Checks what the case states about Envoy's answers; the gateway's are equal or already found to differ. */
export function checkExpectation(
  request: CaseRequest,
  answers: readonly Answer[],
  nameOf: (backend: number) => string,
): Difference[] {
  const { expect } = request;
  const found: Difference[] = [];
  const check = (what: string, wanted: unknown, got: unknown): void => {
    if (JSON.stringify(wanted) === JSON.stringify(got)) return;
    found.push({ what: `expected ${what}`, envoy: show(got), gateway: `wanted ${show(wanted)}` });
  };
  for (const answer of answers) {
    if (expect.status !== undefined) check('status', expect.status, answer.status);
    if (expect.body !== undefined) check('body', expect.body, answer.body);
    if (expect.refused !== undefined) check('refusal', expect.refused, answer.error !== undefined);
    for (const [part, wanted] of Object.entries(expect.tls ?? {}))
      check(`TLS ${part}`, wanted, answer.tls?.[part as keyof HandshakeResult]);
    checkHeaders('header', expect.headers, answer.headers, check);
    checkUpstream(expect, answer.received.at(-1), check);
    if (found.length > 0) return found;
  }
  const backends = [
    ...new Set(answers.flatMap(({ received }) => received.slice(-1).map(({ backend }) => nameOf(backend)))),
  ];
  if (expect.backend !== undefined) check('backend', [...expect.backend].sort(), backends.sort());
  for (const [name, share] of Object.entries(expect.shares ?? {})) {
    const times = answers.filter(({ received }) =>
      received.slice(-1).some(({ backend }) => nameOf(backend) === name),
    ).length;
    if (!isPlausibleShare(times, answers.length, share)) check(`share of ${name}`, share, times / answers.length);
  }
  return found;
}

type Check = (what: string, wanted: unknown, got: unknown) => void;

function checkUpstream({ upstream }: Expectation, received: ReceivedRequest | undefined, check: Check): void {
  if (upstream === undefined) return;
  if (upstream.path !== undefined) check('upstream path', upstream.path, received?.path);
  if (upstream.method !== undefined) check('upstream method', upstream.method, received?.method);
  checkHeaders('upstream header', upstream.headers, received?.headers ?? [], check);
}

function checkHeaders(
  what: string,
  wanted: Readonly<Record<string, string | null>> | undefined,
  headers: readonly string[],
  check: Check,
): void {
  const found = byName(headers);
  for (const [name, value] of Object.entries(wanted ?? {}))
    check(`${what} ${name}`, value, found.get(name)?.join(',') ?? null);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
