import type { JsonValue } from '@bufbuild/protobuf';
import { field, list, text, texts, typeName } from './envoy-json.ts';
import { describeMatch } from './route-rows.ts';

/** One row for each filter chain of a listener: addresses, port, what the chain matches, where it leads. */
export function listenerRows(listener: JsonValue): readonly (readonly string[])[] {
  const addresses = [
    field(listener, 'address'),
    ...list(listener, 'additionalAddresses').map((one) => field(one, 'address')),
  ];
  const hosts = addresses.map((address) => text(address, 'socketAddress', 'address') || text(address, 'pipe', 'path'));
  const port = text(addresses[0], 'socketAddress', 'portValue');
  const fallback = field(listener, 'defaultFilterChain');
  const chains = [...list(listener, 'filterChains'), ...(fallback === undefined ? [] : [fallback])];
  const where = [hosts.filter((host) => host !== '').join(',') || text(listener, 'name'), port || '-'];
  if (chains.length === 0) return [[...where, 'ALL', 'nothing']];
  return chains.map((chain) => [...where, chainMatch(field(chain, 'filterChainMatch')), destination(chain)]);
}

/** Application protocols that Istio matches together, under the name that istioctl gives them. */
const PROTOCOL_GROUPS: ReadonlyMap<string, string> = new Map([
  ['h2c,http/1.0,http/1.1', 'App: HTTP'],
  ['istio,istio-h2,istio-http/1.0,istio-http/1.1', 'App: Istio HTTP Plain'],
  ['h2c,http/1.0,http/1.1,istio,istio-h2,istio-http/1.0,istio-http/1.1', 'App: HTTP TLS'],
  ['istio,istio-peer-exchange', 'App: TCP TLS'],
]);

/** istioctl's words for envoy.config.listener.v3.FilterChainMatch. */
function chainMatch(match: JsonValue | undefined): string {
  const serverNames = texts(match, 'serverNames');
  const port = text(match, 'destinationPort');
  const ranges = list(match, 'prefixRanges').map(
    (range) => `${text(range, 'addressPrefix')}/${text(range, 'prefixLen') || '0'}`,
  );
  const protocols = texts(match, 'applicationProtocols');
  const parts = [
    serverNames.length === 0 ? '' : `SNI: ${serverNames.join(',')}`,
    text(match, 'transportProtocol') === '' ? '' : `Trans: ${text(match, 'transportProtocol')}`,
    protocols.length === 0
      ? ''
      : (PROTOCOL_GROUPS.get([...protocols].sort().join(',')) ?? `App: ${protocols.join(',')}`),
    ranges.length === 0 && port === ''
      ? ''
      : `Addr: ${ranges.length === 0 ? '*' : ranges.join(',')}${port === '' ? '' : `:${port}`}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'ALL' : parts.join('; ');
}

/** Where the first filter that leads anywhere leads. */
function destination(chain: JsonValue): string {
  for (const filter of list(chain, 'filters')) {
    const config = field(filter, 'typedConfig');
    switch (typeName(config)) {
      case 'HttpConnectionManager':
        return httpDestination(config);
      case 'TcpProxy': {
        const weighted = list(config, 'weightedClusters', 'clusters').map((one) => text(one, 'name'));
        return clusterText(text(config, 'cluster') || weighted.join(', '));
      }
    }
  }
  return 'Non-HTTP/Non-TCP';
}

function httpDestination(manager: JsonValue | undefined): string {
  const routes = text(manager, 'rds', 'routeConfigName');
  if (routes !== '') return `Route: ${routes}`;
  const inline = field(manager, 'routeConfig');
  if (inline === undefined) return 'HTTP';
  const hosts = list(inline, 'virtualHosts');
  const [host] = hosts;
  const [route] = list(host, 'routes');
  const isCatchAll =
    hosts.length === 1 &&
    texts(host, 'domains').join() === '*' &&
    list(host, 'routes').length === 1 &&
    text(route, 'match', 'prefix') === '/';
  const cluster = text(route, 'route', 'cluster');
  if (isCatchAll && cluster !== '') return clusterText(cluster);
  const described = hosts.map((one) => {
    const domains = texts(one, 'domains').join('/');
    const matches = list(one, 'routes').map((each) => describeMatch(field(each, 'match')));
    return `${domains === '*' ? '' : `${domains} `}${matches.join(', ')}`;
  });
  return `Inline Route: ${described.join('; ')}`;
}

/** Istio's own clusters (`PassthroughCluster`) speak for themselves. */
function clusterText(name: string): string {
  return /^\w+Cluster\w*$/.test(name) ? name : `Cluster: ${name}`;
}
