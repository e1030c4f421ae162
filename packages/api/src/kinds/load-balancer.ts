import { duration, durationOrZero } from '../formats/duration.ts';
import { headerName } from '../formats/header.ts';
import { plainText } from '../formats/text.ts';
import { array, boolean, type Infer, integer, map, number, object, pending, required, string } from '../schema.ts';
import { checkFailover, checkFailoverPriority, checkLocalities } from './locality-rules.ts';

const localityFailover = {
  enabled: boolean(),
  failover: array(object({ from: string(), to: string() })),
  failoverPriority: array(string()),
} as const;

/** Istio `LocalityLoadBalancerSetting`. */
const LocalityLbSetting = object(
  {
    distribute: array(object({ from: string(), to: map(integer({ minimum: 1, maximum: 100 })) })),
    ...localityFailover,
  },
  {
    check: (locality, report) => {
      const distributes = (locality.distribute?.length ?? 0) > 0;
      if (distributes && (locality.failover?.length ?? 0) > 0) {
        report({
          path: ['distribute'],
          message: 'found distribute together with failover',
          wanted: 'only one of them',
        });
      }
      if ((locality.failover?.length ?? 0) > 0) {
        checkFailoverPriority(locality.failoverPriority, 'together with failover', report);
      }
      for (const [index, share] of (locality.distribute ?? []).entries()) {
        const path = ['distribute', index, 'to'];
        const total = Object.values(share.to ?? {}).reduce((sum, weight) => sum + weight, 0);
        if (total !== 100) report({ path, message: `found weights that add up to ${total}`, wanted: '100' });
        checkLocalities(
          Object.keys(share.to ?? {}).map((text) => ({ text, path: [...path, text] })),
          report,
        );
      }
      checkLocalities(
        (locality.distribute ?? []).map(({ from = '' }, index) => ({
          text: from,
          path: ['distribute', index, 'from'],
        })),
        report,
      );
      checkFailover(locality.failover, report);
    },
  },
);

/** Istio's `validateLoadBalancer`: one below Envoy's largest Maglev table. */
const MAX_MAGLEV_TABLE = 5_000_010;

function isPrime(value: number): boolean {
  if (value < 4) return value > 1;
  if (value % 2 === 0) return false;
  for (let factor = 3; factor * factor <= value; factor += 2) if (value % factor === 0) return false;
  return true;
}

/** Istio `LoadBalancerSettings.ConsistentHashLB`. */
const ConsistentHash = object(
  {
    httpHeaderName: string({ format: headerName }),
    httpCookie: object(
      {
        name: required(string({ format: headerName })),
        path: string({ format: plainText }),
        ttl: string({ format: durationOrZero }),
        attributes: array(
          object({ name: required(string({ format: headerName })), value: string({ format: plainText }) }),
        ),
      },
      {
        check: (cookie, report) => {
          const names = new Set<string>();
          for (const [index, { name }] of (cookie.attributes ?? []).entries()) {
            if (names.has(name))
              report({
                path: ['attributes', index, 'name'],
                message: `found "${name}" twice`,
                wanted: 'each attribute once',
              });
            names.add(name);
          }
        },
      },
    ),
    useSourceIp: boolean(),
    httpQueryParameterName: string({ format: plainText, minLength: 1 }),
    ringHash: object({ minimumRingSize: integer({ minimum: 0, maximum: 8_388_608 }) }),
    maglev: object(
      { tableSize: required(integer({ minimum: 2, maximum: MAX_MAGLEV_TABLE })) },
      {
        check: ({ tableSize }, report) => {
          if (!isPrime(tableSize))
            report({ path: ['tableSize'], message: `found ${tableSize}`, wanted: 'a prime number such as 65537' });
        },
      },
    ),
    minimumRingSize: integer({ minimum: 0, maximum: 8_388_608 }),
  },
  {
    oneOf: [
      { fields: ['httpHeaderName', 'httpCookie', 'useSourceIp', 'httpQueryParameterName'], wanted: 'atMostOne' },
      { fields: ['ringHash', 'maglev', 'minimumRingSize'], wanted: 'atMostOne' },
    ],
  },
);

/** Istio `LoadBalancerSettings`. */
export const LoadBalancerSettings = object(
  {
    simple: string({
      values: ['UNSPECIFIED', 'LEAST_CONN', 'RANDOM', 'PASSTHROUGH', 'ROUND_ROBIN', 'LEAST_REQUEST'],
      doc: 'LEAST_REQUEST if absent or UNSPECIFIED; LEAST_CONN is its old name.',
    }),
    consistentHash: ConsistentHash,
    backendUtilization: pending(
      object({
        errorUtilizationPenaltyPercent: integer({ minimum: 0, maximum: 4_294_967_295 }),
        metricNamesForComputingUtilization: array(string()),
        weightExpirationPeriod: string({ format: durationOrZero }),
        weightStabilizationPeriod: string({ format: durationOrZero }),
        weightUpdatePeriod: string({ format: durationOrZero }),
      }),
    ),
    localityLbSetting: pending(LocalityLbSetting),
    zoneAwareLbSetting: pending(
      object(
        { ...localityFailover, minClusterSize: integer({ minimum: 1, maximum: 4_294_967_295 }) },
        {
          check: (zones, report) => {
            checkFailoverPriority(zones.failoverPriority, 'though zones are dealt with already', report);
            checkFailover(zones.failover, report);
          },
        },
      ),
    ),
    warmupDurationSecs: string({ format: duration }),
    warmup: object({
      duration: required(string({ format: duration })),
      minimumPercent: number({ minimum: 0, maximum: 100 }),
      aggression: number({ minimum: 1e-9 }),
    }),
  },
  {
    oneOf: [
      { fields: ['simple', 'consistentHash', 'backendUtilization'], wanted: 'atMostOne' },
      { fields: ['localityLbSetting', 'zoneAwareLbSetting'], wanted: 'atMostOne' },
    ],
  },
);
export type LoadBalancerSettings = Infer<typeof LoadBalancerSettings>;
