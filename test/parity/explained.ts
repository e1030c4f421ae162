import { type Explanation, explainRequest, type Forwarded, type Leg } from '@heddle/explain';
import type { CompiledView } from '@heddle/model';
import type { LOGGED } from './access-log.ts';
import type { Difference } from './compare.ts';
import { type EchoBackends, ORDER_HEADER, REQUEST_ID_HEADER } from './echo-backends.ts';
import type { CaseRequest } from './parity-case.ts';
import type { Answer } from './send-request.ts';
import { isPlausibleShare } from './statistics.ts';

/** What `heddle explain request` says of a request of a case. */
export function explainCaseRequest(compiled: CompiledView, request: CaseRequest): Explanation {
  const order = Object.keys(request.backend).length === 0 ? [] : [ORDER_HEADER, JSON.stringify(request.backend)];
  const headers = [...request.headers, REQUEST_ID_HEADER, '1', ...order];
  const { authority, path } = targetOf(request);
  return explainRequest({
    compiled,
    request: {
      method: request.method,
      scheme: request.tls === undefined ? 'http' : 'https',
      authority,
      path,
      port: request.port,
      ...(request.tls === undefined ? {} : { serverName: request.tls.serverName ?? '' }),
      headers: headers.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : text)),
      http: request.http,
    },
  });
}

const ABSOLUTE_TARGET = /^http:\/\/([^/?]+)([/?].*)?$/;

/** An absolute target names host and path; the codec takes it apart before anybody sees it (RFC 9112, section 3.2.2). */
function targetOf({ path, host, http }: CaseRequest): {
  readonly authority: string | undefined;
  readonly path: string;
} {
  const [, authority, rest = '/'] = (http === 1 ? ABSOLUTE_TARGET.exec(path) : null) ?? [];
  return authority === undefined ? { authority: host, path } : { authority, path: rest };
}

/** Whether an explanation can be held against the answers, and where it is wrong. */
export interface ExplanationVerdict {
  /** False where Envoy refused what is no request that could be explained: its codec did not read it. */
  readonly judged: boolean;
  readonly differences: readonly Difference[];
}

/** Holds what was explained against what Envoy did. */
export function judgeExplanation(
  request: CaseRequest,
  explanation: Explanation,
  answers: readonly Answer[],
  backends: Pick<EchoBackends, 'port'>,
): ExplanationVerdict {
  // What a module does nobody knows who does not run it.
  const readable = answers.filter((answer) => isReadable(request, answer) && !isAnsweredByPlugin(answer));
  if (readable.length === 0) {
    // A connection that is closed at once is what was explained; of others nothing is known but that they broke.
    const closed = answers.length > 0 && answers.every(({ status, log }) => status === undefined && log === undefined);
    return { judged: closed && explanation.outcome.kind === 'refused', differences: [] };
  }
  const found: Difference[] = [];
  const check = (what: string, envoy: unknown, explained: unknown): void => {
    if (JSON.stringify(envoy) === JSON.stringify(explained)) return;
    found.push({
      what: `explained ${what}`,
      envoy: JSON.stringify(envoy) ?? 'nothing',
      gateway: JSON.stringify(explained) ?? 'nothing',
    });
  };
  for (const answer of readable) {
    judgeAnswer(explanation, answer, backends, check);
    if (found.length > 0) return { judged: true, differences: found };
  }
  if (explanation.outcome.kind === 'forwarded') judgeShares(explanation.outcome, readable, check);
  return { judged: true, differences: found };
}

/** What the codec refuses never was a request: it has no log entry, or one that says so. */
function isReadable({ path, method }: CaseRequest, { log }: Answer): boolean {
  if (log === undefined) return false;
  if (!path.startsWith('/') && !ABSOLUTE_TARGET.test(path) && method !== 'CONNECT') return false;
  const details = log['RESPONSE_CODE_DETAILS'] ?? '';
  const unread =
    /^(?:http[12]\.(?!unexpected_underscore|too_many_headers)|invalid_connection_header|low_version|upgrade_failed)/;
  return !unread.test(details) && details !== 'request_headers_timeout';
}

function isAnsweredByPlugin({ log }: Answer): boolean {
  return log?.['RESPONSE_CODE_DETAILS']?.startsWith('wasm_') === true;
}

/** A value of the access log; undefined where its format has none. */
function logged({ log }: Answer, field: (typeof LOGGED)[number]): string | undefined {
  const value = log?.[field];
  return value === undefined || value === '' ? undefined : value === 'null' ? '-' : value;
}

type Check = (what: string, envoy: unknown, explained: unknown) => void;

function judgeAnswer(
  { outcome, steps }: Explanation,
  answer: Answer,
  backends: Pick<EchoBackends, 'port'>,
  check: Check,
): void {
  const checkLog = (what: string, field: (typeof LOGGED)[number], explained: string): void => {
    const envoy = logged(answer, field);
    if (envoy !== undefined) check(what, envoy, explained);
  };
  switch (outcome.kind) {
    case 'refused':
      check('refusal', answer.status, undefined);
      return;
    case 'answered': {
      check('status', answer.status, outcome.status);
      checkLog('flag', 'RESPONSE_FLAGS', outcome.flag === '' ? '-' : outcome.flag);
      checkLog('route', 'ROUTE_NAME', outcome.route === undefined || outcome.route === '' ? '-' : outcome.route);
      check('upstream requests', answer.received.length, 0);
      if (outcome.status !== 200) check('location', headerOf(answer.headers, 'location'), outcome.location);
      const cluster = steps.find(({ step }) => step === 'cluster')?.name;
      if (cluster !== undefined) checkLog('cluster', 'UPSTREAM_CLUSTER_RAW', clusterLogged(cluster, outcome.flag));
      return;
    }
    case 'forwarded':
      judgeForwarded(outcome, answer, backends, check);
  }
}

/** Envoy logs no cluster that it does not have. */
function clusterLogged(cluster: string, flag: string): string {
  return flag === 'NC' ? '-' : cluster;
}

function judgeForwarded(outcome: Forwarded, answer: Answer, backends: Pick<EchoBackends, 'port'>, check: Check): void {
  const route = logged(answer, 'ROUTE_NAME');
  if (route !== undefined) check('route', route, outcome.route === '' ? '-' : outcome.route);
  const flags = (logged(answer, 'RESPONSE_FLAGS') ?? '').split(',');
  if (flags.includes('FI') && outcome.faults.abort !== undefined) {
    check('aborted status', answer.status, outcome.faults.abort.status);
    return;
  }
  if (flags.includes('NC')) {
    const lost = outcome.legs.find(({ leadsTo }) => leadsTo === 'no cluster');
    check('answer without a cluster', answer.status, lost?.status);
    return;
  }
  const cluster = logged(answer, 'UPSTREAM_CLUSTER_RAW');
  const leg = outcome.legs.find((candidate) => cluster === undefined || candidate.cluster === cluster);
  if (leg === undefined) {
    check('cluster', cluster, outcome.legs.map((candidate) => candidate.cluster).join(' or '));
    return;
  }
  if (leg.status !== undefined) {
    check('status', answer.status, leg.status);
    check('flag', flags, [leg.flag]);
    return;
  }
  for (const received of answer.received) {
    const mirrored = isMirrored(outcome, leg, backends.port(received.backend), received.headers);
    if (mirrored) continue;
    check('path at the endpoint', received.path, leg.path);
    if (leg.authority !== undefined) check('host at the endpoint', authorityOf(received.headers), leg.authority);
    if (leg.leadsTo === 'endpoint') {
      const port = backends.port(received.backend);
      const ports = leg.endpoints.map((endpoint) => endpoint.port);
      if (!ports.includes(port)) check('endpoint', port, ports);
    }
  }
}

/** A copy that goes to an endpoint of another cluster. */
function isMirrored(outcome: Forwarded, leg: Leg, port: number, headers: readonly string[]): boolean {
  if (outcome.mirrors.length === 0) return false;
  return (authorityOf(headers) ?? '').includes('-shadow') || !leg.endpoints.some((endpoint) => endpoint.port === port);
}

/** Of many answers, each leg has its share. */
function judgeShares(outcome: Forwarded, answers: readonly Answer[], check: Check): void {
  if (outcome.legs.length < 2 || answers.length < 50) return;
  for (const { cluster, percent, leadsTo } of outcome.legs) {
    if (leadsTo === 'no cluster') continue;
    const times = answers.filter(({ log }) => log?.['UPSTREAM_CLUSTER_RAW'] === cluster).length;
    if (!isPlausibleShare(times, answers.length, percent / 100)) {
      check(`share of ${cluster}`, times / answers.length, percent / 100);
    }
  }
}

function authorityOf(headers: readonly string[]): string | undefined {
  return headerOf(headers, 'host') ?? headerOf(headers, ':authority');
}

function headerOf(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) if (headers[i]?.toLowerCase() === name) return headers[i + 1];
  return undefined;
}
