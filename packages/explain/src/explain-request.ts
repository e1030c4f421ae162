import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { LISTENER_TYPE_URL } from '@heddle/envoy-api';
import { type TcpProxy, TcpProxySchema } from '@heddle/envoy-api/extensions/filters/network/tcp-proxy';
import { type HttpConnectionManager, HttpConnectionManagerSchema } from '@heddle/envoy-api/http-connection-manager';
import type { FilterChain, Listener } from '@heddle/envoy-api/listener';
import { type CompiledView, VIRTUAL_OUTBOUND_LISTENER } from '@heddle/model';
import { chooseFilterChain } from '@heddle/routing';
import { legOf, legStep } from './cluster-legs.ts';
import { Configuration, type LocateOrigin, type PluginOrder } from './configuration.ts';
import { explainHttp } from './explain-http.ts';
import {
  EXPLANATION_VERSION,
  type Explanation,
  type Near,
  type Outcome,
  type Place,
  type Step,
} from './explanation.ts';
import { MAX_NEAR, withPlace } from './near.ts';

/** A request that somebody might send. */
export interface RequestToExplain {
  readonly method: string;
  /** `http` or `https`: whether the connection has TLS. */
  readonly scheme: string;
  /** The Host header; undefined for none. */
  readonly authority: string | undefined;
  /** Query included. */
  readonly path: string;
  /** Port that is connected to, as configured. */
  readonly port: number;
  /** IP address that is connected to, where that decides: what the caller's DNS says of the host. */
  readonly address?: string;
  /** Name, value, name, value …; names lower-case. Further Host headers may be among them. */
  readonly headers: readonly string[];
  /** SNI of a connection with TLS, empty for none; the host of the authority unless given. */
  readonly serverName?: string;
  /** HTTP version; 1 unless given. */
  readonly http?: 1 | 2;
}

/** See {@link explainRequest}. */
export interface ExplainOptions {
  /** What a proxy was compiled to. */
  readonly compiled: CompiledView;
  readonly request: RequestToExplain;
  /** Finds origins in files; without it places have no lines. */
  readonly locate?: LocateOrigin;
  /** What decides the place of a WasmPlugin among the filters; without it only its number is told. */
  readonly pluginOrder?: PluginOrder;
}

/**
 * Runs a request through compiled configuration, by the code that the gateway obeys it with, and says at each step what was chosen,
 * what made it, why, and what else was near. Pure, and never throws for what a user wrote.
 */
export function explainRequest(options: ExplainOptions): Explanation {
  const { compiled, request } = options;
  const configuration = new Configuration(compiled, options.locate ?? (() => undefined), options.pluginOrder);
  const steps: Step[] = [];
  const outcome = explainConnection(configuration, request, steps);
  const { method, scheme, authority, path, port } = request;
  return {
    version: EXPLANATION_VERSION,
    request: { method, scheme, authority: authority ?? '', path, port },
    steps,
    outcome,
  };
}

function explainConnection(configuration: Configuration, request: RequestToExplain, steps: Step[]): Outcome {
  const listener = findListener(configuration, request, steps);
  if (listener === undefined) return { kind: 'refused', reason: `nothing listens on port ${request.port}` };
  const found = findChain(configuration, listener, request, steps);
  if (found === undefined) return { kind: 'refused', reason: 'the connection is closed: no filter chain takes it' };
  const { chain, place } = found;
  const secure = chain.transportSocket !== undefined && chain.transportSocket.name !== RAW_BUFFER;
  const manager = managerOf(chain);
  if (manager !== undefined) {
    if (secure !== (request.scheme === 'https')) {
      const reason = secure
        ? 'the filter chain expects TLS, and the request comes without'
        : 'the filter chain speaks plain HTTP, and the request comes with TLS';
      return { kind: 'refused', reason };
    }
    return explainHttp(configuration, manager, request, place, steps);
  }
  const proxy = tcpProxyOf(chain);
  if (proxy !== undefined) return explainTcp(configuration, place, proxy, request, steps);
  return { kind: 'refused', reason: 'the filter chain has neither an HTTP connection manager nor a TCP proxy' };
}

const RAW_BUFFER = 'envoy.transport_sockets.raw_buffer';

/** `ADDRESS_PORT`: the names keep the configured port, wherever the listener is bound. */
const LISTENER_NAME = /^(.*)_(\d{1,5})$/;

function findListener(configuration: Configuration, request: RequestToExplain, steps: Step[]): Listener | undefined {
  const names = configuration.listenerNames();
  const { port, address } = request;
  const wanted = [...(address === undefined ? [] : [`${address}_${port}`]), `0.0.0.0_${port}`];
  const own =
    wanted.find((name) => names.includes(name)) ??
    // Nobody said where it is connected to: a listener at one address alone will do.
    (address === undefined ? names.find((name) => LISTENER_NAME.exec(name)?.[2] === String(port)) : undefined);
  const name = own ?? (names.includes(VIRTUAL_OUTBOUND_LISTENER) ? VIRTUAL_OUTBOUND_LISTENER : undefined);
  const near = names
    .filter((other) => other !== name)
    .flatMap((other): Near[] => {
      const [, listensAt, listensOn] = LISTENER_NAME.exec(other) ?? [];
      if (listensOn === undefined) return [];
      const reason =
        Number(listensOn) !== port ? `serves port ${listensOn}` : `serves port ${listensOn} at ${listensAt} alone`;
      return [withPlace({ name: other, reason }, configuration.place(LISTENER_TYPE_URL, other))];
    })
    // What serves the same port, or looks like it, is nearest.
    .sort((a, b) => distance(a.name, port) - distance(b.name, port))
    .slice(0, MAX_NEAR);
  if (name === undefined) {
    steps.push({
      step: 'listener',
      passed: false,
      name: '',
      reason: `no listener serves port ${port}`,
      notes: [],
      near,
    });
    return undefined;
  }
  const reason =
    own === undefined
      ? `no listener serves ${address ?? 'any address'} on port ${port}, so the one for all redirected connections does`
      : `it serves port ${port}${own.startsWith('0.0.0.0_') ? '' : ` at ${LISTENER_NAME.exec(own)?.[1]}`}`;
  const place = configuration.place(LISTENER_TYPE_URL, name);
  steps.push(
    withPlace({ step: 'listener', passed: true, name, reason, notes: [], near: own === undefined ? [] : near }, place),
  );
  return configuration.listener(name);
}

function distance(name: string, port: number): number {
  return Math.abs(Number(LISTENER_NAME.exec(name)?.[2] ?? 0) - port);
}

const TLS_INSPECTOR = 'envoy.filters.listener.tls_inspector';
const HTTP_INSPECTOR = 'envoy.filters.listener.http_inspector';

function findChain(
  configuration: Configuration,
  listener: Listener,
  request: RequestToExplain,
  steps: Step[],
): { readonly chain: FilterChain; readonly place: Place | undefined } | undefined {
  const inspects = (filter: string): boolean => listener.listenerFilters.some(({ name }) => name === filter);
  const secure = request.scheme === 'https' && inspects(TLS_INSPECTOR);
  const host = (request.authority ?? '').replace(/:\d+$/, '');
  const choice = chooseFilterChain(listener, {
    ...(request.address === undefined ? {} : { destinationAddress: request.address }),
    destinationPort: request.port,
    serverName: secure ? (request.serverName ?? serverNameOf(host)) : '',
    transportProtocol: secure ? 'tls' : 'raw_buffer',
    applicationProtocols: secure
      ? request.http === 2
        ? ['h2']
        : ['h2', 'http/1.1']
      : request.scheme === 'http' && inspects(HTTP_INSPECTOR)
        ? [request.http === 2 ? 'h2c' : 'http/1.1']
        : [],
  });
  const { chain, index } = choice;
  const near = [...choice.passedOver].slice(0, MAX_NEAR).map(([other, criterion]): Near => {
    const path = `filterChains[${other}]`;
    const name = listener.filterChains[other]?.name || path;
    return withPlace(
      { name, reason: `${passedOverWords(listener.filterChains[other])} (decided by ${criterion})` },
      configuration.exactPlace(LISTENER_TYPE_URL, listener.name, path),
    );
  });
  const path = index < 0 ? 'defaultFilterChain' : `filterChains[${index}]`;
  if (chain === undefined) {
    const reason = 'no filter chain takes the connection';
    steps.push({ step: 'filter chain', passed: false, name: '', reason, notes: [], near });
    return undefined;
  }
  const reason =
    listener.filterChains.length === 1 && chain.filterChainMatch === undefined
      ? 'it is the only one'
      : index < 0
        ? 'no other takes the connection'
        : criteriaWords(chain);
  const place = configuration.place(LISTENER_TYPE_URL, listener.name, path);
  steps.push(
    withPlace({ step: 'filter chain', passed: true, name: chain.name || path, reason, notes: [], near }, place),
  );
  return { chain, place };
}

/** A client sends no IP address as server name (RFC 6066, section 3). */
function serverNameOf(host: string): string {
  return /^[\d.]+$|^\[/.test(host) ? '' : host;
}

function passedOverWords(chain: FilterChain | undefined): string {
  return chain === undefined ? 'another chain fits better' : criteriaWords(chain);
}

function criteriaWords({ filterChainMatch: match }: FilterChain): string {
  if (match === undefined) return 'it takes what no other does';
  const words = [
    ...(match.destinationPort === undefined ? [] : [`port ${match.destinationPort}`]),
    ...(match.prefixRanges.length === 0
      ? []
      : [
          `address ${match.prefixRanges.map((range) => `${range.addressPrefix}/${range.prefixLen ?? 0}`).join(' or ')}`,
        ]),
    ...(match.serverNames.length === 0 ? [] : [`server name ${match.serverNames.join(' or ')}`]),
    ...(match.transportProtocol === '' ? [] : [match.transportProtocol === 'tls' ? 'TLS' : 'no TLS']),
    ...(match.applicationProtocols.length === 0 ? [] : [`protocol ${match.applicationProtocols.join(' or ')}`]),
  ];
  return words.length === 0 ? 'it takes what no other does' : `it takes ${words.join(', ')}`;
}

function managerOf(chain: FilterChain): HttpConnectionManager | undefined {
  for (const { configType } of chain.filters) {
    if (configType.case !== 'typedConfig') continue;
    const manager = anyUnpack(configType.value, HttpConnectionManagerSchema);
    if (manager !== undefined) return manager;
  }
  return undefined;
}

function tcpProxyOf(chain: FilterChain): TcpProxy | undefined {
  for (const { configType } of chain.filters) {
    if (configType.case !== 'typedConfig') continue;
    const proxy = anyUnpack(configType.value, TcpProxySchema);
    if (proxy !== undefined) return proxy;
  }
  return undefined;
}

/** Bytes go on as they are, whatever they are. */
function explainTcp(
  configuration: Configuration,
  place: Place | undefined,
  proxy: TcpProxy,
  request: RequestToExplain,
  steps: Step[],
): Outcome {
  const { clusterSpecifier: specifier } = proxy;
  const shares =
    specifier.case === 'cluster'
      ? [{ name: specifier.value, weight: 1 }]
      : specifier.case === 'weightedClusters'
        ? specifier.value.clusters.map(({ name, weight }) => ({ name, weight }))
        : [];
  const total = shares.reduce((sum, { weight }) => sum + weight, 0);
  const legs = shares.map(({ name, weight }) =>
    legOf(configuration, {
      cluster: name,
      percent: (weight / total) * 100,
      path: request.path,
      authority: request.authority ?? '',
      notFoundStatus: 0,
      ...(place === undefined ? {} : { place }),
    }),
  );
  for (const leg of legs) steps.push(...legStep(configuration, leg));
  if (legs.length > 0 && legs.every(({ leadsTo }) => leadsTo === 'no cluster' || leadsTo === 'no healthy endpoint')) {
    return {
      kind: 'refused',
      reason: 'the connection is closed: it is passed on as bytes, and nobody is there to take them',
    };
  }
  return { kind: 'forwarded', protocol: 'tcp', route: '', legs, timeoutMs: 0, mirrors: [], faults: {} };
}
