import { duration, durationOrZero } from '../formats/duration.ts';
import { hostNameOrIp } from '../formats/host.ts';
import { array, boolean, type Infer, integer, number, object, pending, required, string } from '../schema.ts';
import { PortSelector, portNumber } from './destination.ts';
import { LoadBalancerSettings } from './load-balancer.ts';

const uint32 = (minimum = 0) => integer({ minimum, maximum: 4_294_967_295 });
const count = integer({ minimum: 0, maximum: 2_147_483_647 });

/** Istio `ConnectionPoolSettings`. */
export const ConnectionPoolSettings = object(
  {
    tcp: object({
      maxConnections: count,
      connectTimeout: string({ format: duration }),
      tcpKeepalive: object({
        probes: uint32(),
        time: string({ format: duration }),
        interval: string({ format: duration }),
      }),
      maxConnectionDuration: string({ format: duration }),
      idleTimeout: string({ format: durationOrZero }),
    }),
    http: object(
      {
        http1MaxPendingRequests: count,
        http2MaxRequests: count,
        maxRequestsPerConnection: count,
        maxRetries: count,
        idleTimeout: string({ format: duration }),
        h2UpgradePolicy: string({ values: ['DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE'] }),
        useClientProtocol: boolean(),
        maxConcurrentStreams: count,
        http2KeepAlive: object({
          interval: required(string({ format: duration })),
          timeout: required(string({ format: duration })),
        }),
      },
      {
        check: (http, report) => {
          if (http.h2UpgradePolicy === 'UPGRADE' && http.useClientProtocol === true) {
            report({
              path: ['useClientProtocol'],
              message: 'found useClientProtocol together with h2UpgradePolicy UPGRADE',
              wanted: 'only one of them',
            });
          }
        },
      },
    ),
  },
  {
    check: (pool, report) => {
      if (pool.tcp === undefined && pool.http === undefined)
        report({ message: 'found an empty connection pool', wanted: 'tcp or http' });
    },
  },
);

/** Istio `OutlierDetection`. */
export const OutlierDetection = object(
  {
    consecutiveErrors: pending(count),
    splitExternalLocalOriginErrors: boolean(),
    consecutiveLocalOriginFailures: uint32(),
    consecutiveGatewayErrors: uint32(),
    consecutive5xxErrors: uint32(),
    interval: string({ format: duration }),
    baseEjectionTime: string({ format: duration }),
    maxEjectionPercent: integer({ minimum: 0, maximum: 100 }),
    minHealthPercent: integer({ minimum: 0, maximum: 100 }),
    outlierDetectionHttpErrorCodes: pending(array(integer({ minimum: 100, maximum: 599 }))),
  },
  {
    check: (outlier, report) => {
      if ((outlier.consecutiveLocalOriginFailures ?? 0) > 0 && outlier.splitExternalLocalOriginErrors !== true) {
        report({
          path: ['consecutiveLocalOriginFailures'],
          message: 'found consecutiveLocalOriginFailures without splitExternalLocalOriginErrors',
          wanted: 'splitExternalLocalOriginErrors: true',
        });
      }
    },
  },
);

/** Istio `ClientTLSSettings`. */
const ClientTlsSettings = object(
  {
    mode: string({ values: ['DISABLE', 'SIMPLE', 'MUTUAL'], pendingValues: ['ISTIO_MUTUAL'] }),
    clientCertificate: string({ emptyIsAbsent: true }),
    privateKey: string({ emptyIsAbsent: true }),
    caCertificates: string({ emptyIsAbsent: true }),
    credentialName: string({ emptyIsAbsent: true }),
    subjectAltNames: array(string()),
    sni: string(),
    insecureSkipVerify: boolean(),
    caCrl: pending(string({ emptyIsAbsent: true })),
  },
  {
    check: (tls, report) => {
      const conflict = (field: string, message: string): void =>
        report({ path: [field], message, wanted: 'only one of them' });
      if (tls.insecureSkipVerify === true && (tls.mode === 'SIMPLE' || tls.mode === 'MUTUAL')) {
        const bundle = (['caCertificates', 'subjectAltNames'] as const).find((field) => tls[field] !== undefined);
        if (bundle !== undefined) conflict(bundle, `found ${bundle} together with insecureSkipVerify`);
      }
      if ((tls.mode === 'SIMPLE' || tls.mode === 'MUTUAL') && tls.credentialName !== undefined) {
        for (const field of ['clientCertificate', 'privateKey', 'caCertificates', 'caCrl'] as const) {
          if (tls[field] !== undefined) conflict(field, `found ${field} together with credentialName`);
        }
      } else if (tls.mode === 'MUTUAL') {
        for (const field of ['clientCertificate', 'privateKey'] as const) {
          if (tls[field] === undefined)
            report({
              path: [field],
              message: `found mode MUTUAL without ${field}`,
              wanted: `${field} or credentialName`,
            });
        }
      }
    },
  },
);

const portPolicy = {
  loadBalancer: LoadBalancerSettings,
  connectionPool: ConnectionPoolSettings,
  outlierDetection: OutlierDetection,
  tls: ClientTlsSettings,
} as const;

/** Istio `TrafficPolicy.PortTrafficPolicy`. */
const PortTrafficPolicy = object(
  { port: required(PortSelector), ...portPolicy },
  {
    check: (policy, report) => {
      if (Object.keys(policy).length < 2)
        report({ message: 'found a policy without settings', wanted: 'a setting, such as loadBalancer' });
    },
  },
);

/** Istio `TrafficPolicy`: how to speak to the endpoints of a service or subset. */
export const TrafficPolicy = object(
  {
    ...portPolicy,
    portLevelSettings: array(PortTrafficPolicy, { maxItems: 4096 }),
    tunnel: pending(
      object({
        protocol: string({ values: ['CONNECT', 'POST'], emptyIsAbsent: true }),
        targetHost: required(string({ format: hostNameOrIp })),
        targetPort: required(portNumber),
      }),
    ),
    proxyProtocol: pending(object({ version: string({ values: ['V1', 'V2'] }) })),
    retryBudget: pending(
      object({
        percent: number({ minimum: 0, maximum: 100 }),
        minRetryConcurrency: uint32(),
        budgetInterval: string({ format: durationOrZero }),
      }),
    ),
  },
  {
    oneOf: [{ fields: ['tunnel', 'proxyProtocol'], wanted: 'atMostOne' }],
    check: (policy, report) => {
      if (Object.keys(policy).length === 0)
        report({ message: 'found a policy without settings', wanted: 'a setting, such as loadBalancer' });
    },
  },
);
export type TrafficPolicy = Infer<typeof TrafficPolicy>;
