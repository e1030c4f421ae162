import { describe, expect, test } from 'vitest';
import { parseObject } from '../parse-object.ts';

/** Paths of the errors in a DestinationRule with this spec. */
function errors(spec: object): string[] {
  const { problems } = parseObject({
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'rule', namespace: 'shop' },
    spec: { host: 'reviews', ...spec },
  });
  return problems.filter(({ severity }) => severity === 'error').map(({ path }) => path.slice(1).join('.'));
}

const policy = (trafficPolicy: object) => ({ trafficPolicy });
const balancer = (loadBalancer: object) => policy({ loadBalancer });
const locality = (localityLbSetting: object) => balancer({ localityLbSetting });
const hash = (consistentHash: object) => balancer({ consistentHash });

// What Istio refuses of a DestinationRule (its `validation.go` and `agent/validation.go`), one line for each of its errors.
describe('DestinationRule: refused', () => {
  test.each<[string, object, string[]]>([
    ['no setting', policy({}), ['trafficPolicy']],
    [
      'tunnel and PROXY protocol',
      policy({ tunnel: { targetHost: 'a.b', targetPort: 1 }, proxyProtocol: {} }),
      ['trafficPolicy.proxyProtocol'],
    ],
    [
      'another tunnel',
      policy({ tunnel: { protocol: 'GET', targetHost: 'a.b', targetPort: 1 } }),
      ['trafficPolicy.tunnel.protocol'],
    ],
    [
      'a tunnel to a strange host',
      policy({ tunnel: { targetHost: 'a b', targetPort: 1 } }),
      ['trafficPolicy.tunnel.targetHost'],
    ],
    [
      'a tunnel to a strange port',
      policy({ tunnel: { targetHost: 'a.b', targetPort: 0 } }),
      ['trafficPolicy.tunnel.targetPort'],
    ],
    ['another PROXY protocol', policy({ proxyProtocol: { version: 'V3' } }), ['trafficPolicy.proxyProtocol.version']],
    [
      'an ejection of no time',
      policy({ outlierDetection: { baseEjectionTime: '0s' } }),
      ['trafficPolicy.outlierDetection.baseEjectionTime'],
    ],
    [
      'an interval below a millisecond',
      policy({ outlierDetection: { interval: '1us' } }),
      ['trafficPolicy.outlierDetection.interval'],
    ],
    [
      'over 100 percent',
      policy({ outlierDetection: { maxEjectionPercent: 101, minHealthPercent: -1 } }),
      ['trafficPolicy.outlierDetection.maxEjectionPercent', 'trafficPolicy.outlierDetection.minHealthPercent'],
    ],
    [
      'local errors that are not split',
      policy({ outlierDetection: { consecutiveLocalOriginFailures: 1 } }),
      ['trafficPolicy.outlierDetection.consecutiveLocalOriginFailures'],
    ],
    ['an empty pool', policy({ connectionPool: {} }), ['trafficPolicy.connectionPool']],
    ...(
      [
        'http1MaxPendingRequests',
        'http2MaxRequests',
        'maxRequestsPerConnection',
        'maxRetries',
        'maxConcurrentStreams',
      ] as const
    ).map((field): [string, object, string[]] => [
      `a negative ${field}`,
      policy({ connectionPool: { http: { [field]: -1 } } }),
      [`trafficPolicy.connectionPool.http.${field}`],
    ]),
    [
      'an idle time of nothing',
      policy({ connectionPool: { http: { idleTimeout: '0s' } } }),
      ['trafficPolicy.connectionPool.http.idleTimeout'],
    ],
    [
      'two wishes for the protocol',
      policy({ connectionPool: { http: { h2UpgradePolicy: 'UPGRADE', useClientProtocol: true } } }),
      ['trafficPolicy.connectionPool.http.useClientProtocol'],
    ],
    [
      'pings without times',
      policy({ connectionPool: { http: { http2KeepAlive: {} } } }),
      [
        'trafficPolicy.connectionPool.http.http2KeepAlive.interval',
        'trafficPolicy.connectionPool.http.http2KeepAlive.timeout',
      ],
    ],
    [
      'pings at no interval',
      policy({ connectionPool: { http: { http2KeepAlive: { interval: '0s', timeout: '1s' } } } }),
      ['trafficPolicy.connectionPool.http.http2KeepAlive.interval'],
    ],
    [
      'negative connections',
      policy({ connectionPool: { tcp: { maxConnections: -1 } } }),
      ['trafficPolicy.connectionPool.tcp.maxConnections'],
    ],
    [
      'times of nothing',
      policy({ connectionPool: { tcp: { connectTimeout: '0s', maxConnectionDuration: '0s' } } }),
      ['trafficPolicy.connectionPool.tcp.connectTimeout', 'trafficPolicy.connectionPool.tcp.maxConnectionDuration'],
    ],
    [
      'probes at no time',
      policy({ connectionPool: { tcp: { tcpKeepalive: { time: '0s', interval: '0s' } } } }),
      ['trafficPolicy.connectionPool.tcp.tcpKeepalive.time', 'trafficPolicy.connectionPool.tcp.tcpKeepalive.interval'],
    ],
    [
      'a cookie without name',
      hash({ httpCookie: { ttl: '1s' } }),
      ['trafficPolicy.loadBalancer.consistentHash.httpCookie.name'],
    ],
    [
      'a cookie with one attribute twice',
      hash({ httpCookie: { name: 'a', attributes: [{ name: 'Secure' }, { name: 'Secure' }] } }),
      ['trafficPolicy.loadBalancer.consistentHash.httpCookie.attributes.1.name'],
    ],
    [
      'two sizes of a ring',
      hash({ minimumRingSize: 1, ringHash: { minimumRingSize: 2 } }),
      ['trafficPolicy.loadBalancer.consistentHash.minimumRingSize'],
    ],
    ['a table without size', hash({ maglev: {} }), ['trafficPolicy.loadBalancer.consistentHash.maglev.tableSize']],
    [
      'a table of no prime size',
      hash({ maglev: { tableSize: 4 } }),
      ['trafficPolicy.loadBalancer.consistentHash.maglev.tableSize'],
    ],
    [
      'a table that is too large',
      hash({ maglev: { tableSize: 5_000_011 } }),
      ['trafficPolicy.loadBalancer.consistentHash.maglev.tableSize'],
    ],
    [
      'a warm-up of no time',
      balancer({ warmup: { minimumPercent: 1 } }),
      ['trafficPolicy.loadBalancer.warmup.duration'],
    ],
    [
      'a warm-up over 100 percent',
      balancer({ warmup: { duration: '1s', minimumPercent: 101, aggression: 0 } }),
      ['trafficPolicy.loadBalancer.warmup.minimumPercent', 'trafficPolicy.loadBalancer.warmup.aggression'],
    ],
    [
      'localities and zones',
      balancer({ localityLbSetting: {}, zoneAwareLbSetting: {} }),
      ['trafficPolicy.loadBalancer.zoneAwareLbSetting'],
    ],
    [
      'shares and failover',
      locality({ distribute: [{ from: 'a', to: { a: 100 } }], failover: [{ from: 'a', to: 'b' }] }),
      ['trafficPolicy.loadBalancer.localityLbSetting.distribute'],
    ],
    [
      'failover by region twice',
      locality({ failover: [{ from: 'a', to: 'b' }], failoverPriority: ['version', 'topology.kubernetes.io/zone'] }),
      ['trafficPolicy.loadBalancer.localityLbSetting.failoverPriority.1'],
    ],
    [
      'shares that do not add up',
      locality({ distribute: [{ from: 'a', to: { a: 50, b: 49 } }] }),
      ['trafficPolicy.loadBalancer.localityLbSetting.distribute.0.to'],
    ],
    [
      'a share of nothing',
      locality({ distribute: [{ from: 'a', to: { a: 100, b: 0 } }] }),
      ['trafficPolicy.loadBalancer.localityLbSetting.distribute.0.to.b'],
    ],
    [
      'localities that overlap',
      locality({
        distribute: [
          { from: 'a/*', to: { a: 100 } },
          { from: 'a/b', to: { a: 100 } },
        ],
      }),
      ['trafficPolicy.loadBalancer.localityLbSetting.distribute.1.from'],
    ],
    [
      'a star in the middle',
      locality({ distribute: [{ from: 'a/*/c', to: { a: 100 } }] }),
      ['trafficPolicy.loadBalancer.localityLbSetting.distribute.0.from'],
    ],
    [
      'an empty zone',
      locality({ distribute: [{ from: 'a//c', to: { a: 100 } }] }),
      ['trafficPolicy.loadBalancer.localityLbSetting.distribute.0.from'],
    ],
    [
      'failover to itself',
      locality({ failover: [{ from: 'a', to: 'a' }] }),
      ['trafficPolicy.loadBalancer.localityLbSetting.failover.0.to'],
    ],
    [
      'failover between zones',
      locality({ failover: [{ from: 'a/b', to: 'c*' }] }),
      [
        'trafficPolicy.loadBalancer.localityLbSetting.failover.0.from',
        'trafficPolicy.loadBalancer.localityLbSetting.failover.0.to',
      ],
    ],
    [
      'zones by topology',
      balancer({ zoneAwareLbSetting: { failoverPriority: ['topology.istio.io/subzone'] } }),
      ['trafficPolicy.loadBalancer.zoneAwareLbSetting.failoverPriority.0'],
    ],
    [
      'zones and failover between zones',
      balancer({ zoneAwareLbSetting: { failover: [{ from: 'a', to: 'b/c' }] } }),
      ['trafficPolicy.loadBalancer.zoneAwareLbSetting.failover.0.to'],
    ],
    [
      'settings of no port',
      policy({ portLevelSettings: [{ loadBalancer: { simple: 'RANDOM' } }] }),
      ['trafficPolicy.portLevelSettings.0.port'],
    ],
    [
      'no settings of a port',
      policy({ portLevelSettings: [{ port: { number: 80 } }] }),
      ['trafficPolicy.portLevelSettings.0'],
    ],
    ['a subset without name', { subsets: [{ labels: { a: 'b' } }] }, ['subsets.0.name']],
    ['a subset of a strange name', { subsets: [{ name: 'a b' }] }, ['subsets.0.name']],
    ['two subsets of a name', { subsets: [{ name: 'a' }, { name: 'a' }] }, ['subsets.1.name']],
    ['a subset of strange labels', { subsets: [{ name: 'a', labels: { 'a b': 'c' } }] }, ['subsets.0.labels.a b']],
    [
      'a subset without a setting in its policy',
      { subsets: [{ name: 'a', trafficPolicy: {} }] },
      ['subsets.0.trafficPolicy'],
    ],
    [
      'a rule for some workloads that is exported',
      { workloadSelector: { matchLabels: { a: 'b' } }, exportTo: ['*'] },
      ['exportTo'],
    ],
    [
      'a rule for some workloads that is exported to several',
      { workloadSelector: { matchLabels: { a: 'b' } }, exportTo: ['.', 'x'] },
      ['exportTo'],
    ],
    ['workloads by a star', { workloadSelector: { matchLabels: { a: '*' } } }, ['workloadSelector.matchLabels.a']],
  ])('%s', (_, spec, wanted) => {
    expect(errors(spec)).toEqual(wanted);
  });
});

describe('DestinationRule: accepted', () => {
  test.each<[string, object]>([
    ['no limit for idle TCP connections', policy({ connectionPool: { tcp: { idleTimeout: '0s' } } })],
    ['counts of nothing', policy({ connectionPool: { http: { maxRetries: 0, http2MaxRequests: 0 } } })],
    ['an empty outlier detection', policy({ outlierDetection: {} })],
    [
      'local errors that are split',
      policy({ outlierDetection: { splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 3 } }),
    ],
    [
      'localities beside one another',
      locality({
        distribute: [
          { from: 'a/b', to: { 'a/*': 80, c: 20 } },
          { from: 'a/c/*', to: { a: 100 } },
        ],
      }),
    ],
    [
      'shares beside priorities',
      locality({ distribute: [{ from: 'a', to: { a: 100 } }], failoverPriority: ['version'] }),
    ],
    ['failover beside other labels', locality({ failover: [{ from: 'a', to: 'b' }], failoverPriority: ['version'] })],
    ['a rule for some workloads', { workloadSelector: { matchLabels: { a: 'b' } }, exportTo: ['.'] }],
  ])('%s', (_, spec) => {
    expect(errors(spec)).toEqual([]);
  });
});
