import type { Diagnostic, FieldPath, ProxyCapabilities, View } from '@heddle/model';
import { canDo, cannotDo, outboundCapture } from '../capabilities.ts';
import type { Memo } from '../memo.ts';
import type { MeshPort } from '../registry/mesh-service.ts';
import type { MeshSettings } from '../settings.ts';
import type { EffectivePolicy } from '../traffic-policy.ts';
import { upstreamHttp } from './http-protocol-options.ts';
import type { LoadBalancer } from './load-balancing.ts';

/** What of a cluster depends on what its proxies can do. */
export interface ClusterAbilities {
  /** A port of undeclared protocol carries what the client is found to speak. */
  readonly sniffs: boolean;
  readonly http2: boolean;
  readonly outlierDetection: boolean;
  readonly consistentHash: boolean;
  readonly largeHashTables: boolean;
  readonly slowStart: boolean;
  readonly upstreamTls: boolean;
}

const FEATURES = {
  http2: 'heddle.http2.upstream',
  outlierDetection: 'heddle.cluster.outlier-detection',
  consistentHash: 'heddle.lb.consistent-hash',
  largeHashTables: 'heddle.lb.large-hash-tables',
  slowStart: 'heddle.lb.slow-start',
  upstreamTls: 'heddle.tls.upstream',
} as const;

const NAMES = Object.keys(FEATURES) as (keyof typeof FEATURES)[];

/** The same object for all views whose proxies can do the same. */
export function clusterAbilitiesOf(memo: Memo, settings: MeshSettings, view: View): ClusterAbilities {
  const sniffs = view.type === 'sidecar' && outboundCapture(view) === 'redirected';
  return memo.run(clusterAbilities, settings, sniffs, able(view.capabilities).join());
}

function able(capabilities: ProxyCapabilities): readonly string[] {
  return NAMES.filter((name) => canDo(capabilities, FEATURES[name]));
}

function clusterAbilities(_memo: Memo, _settings: MeshSettings, sniffs: boolean, names: string): ClusterAbilities {
  const can = new Set(names.split(','));
  return {
    sniffs,
    http2: can.has('http2'),
    outlierDetection: can.has('outlierDetection'),
    consistentHash: can.has('consistentHash'),
    largeHashTables: can.has('largeHashTables'),
    slowStart: can.has('slowStart'),
    upstreamTls: can.has('upstreamTls'),
  };
}

/** HED301 for each part of a policy that these proxies cannot obey. */
export function inabilities(
  abilities: ClusterAbilities,
  port: MeshPort,
  policy: EffectivePolicy,
): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const { connectionPool, loadBalancer, outlierDetection } = policy;
  const report = (
    ability: keyof typeof FEATURES,
    origin: Parameters<typeof cannotDo>[1],
    path: Parameters<typeof cannotDo>[2],
    effect: string,
  ) => void diagnostics.push(cannotDo(FEATURES[ability], origin, path, effect));
  if (connectionPool !== undefined && !abilities.http2) {
    const { resource, path } = connectionPool.origin;
    if (upstreamHttp(port.protocol, connectionPool.value, abilities.sniffs) !== 'http1') {
      const field = connectionPool.value.http?.useClientProtocol === true ? 'useClientProtocol' : 'h2UpgradePolicy';
      report('http2', resource, [...path, 'http', field], 'endpoints are spoken to in HTTP/1.1');
    }
  }
  if (outlierDetection !== undefined && !abilities.outlierDetection) {
    const { resource, path } = outlierDetection.origin;
    report('outlierDetection', resource, path, 'failing endpoints are not ejected');
  }
  if (loadBalancer !== undefined) {
    const { resource, path } = loadBalancer.origin;
    const { consistentHash, warmup, warmupDurationSecs } = loadBalancer.value;
    if (consistentHash !== undefined && !abilities.consistentHash) {
      report('consistentHash', resource, [...path, 'consistentHash'], 'LEAST_REQUEST is used');
    }
    if (consistentHash !== undefined && !abilities.largeHashTables) {
      const { field, largest } = tooLarge(consistentHash) ?? {};
      if (field !== undefined) {
        report('largeHashTables', resource, [...path, 'consistentHash', ...field], `${largest} is used`);
      }
    }
    if (!abilities.slowStart && (warmup !== undefined || warmupDurationSecs !== undefined)) {
      const field = warmup === undefined ? 'warmupDurationSecs' : 'warmup';
      report('slowStart', resource, [...path, field], 'new endpoints get their whole share at once');
    }
  }
  return diagnostics;
}

const LARGEST_RING = 65_536;
const LARGEST_TABLE = 65_537;

type ConsistentHash = NonNullable<LoadBalancer['consistentHash']>;

function tooLarge(hash: ConsistentHash): { readonly field: FieldPath; readonly largest: number } | undefined {
  if ((hash.maglev?.tableSize ?? 0) > LARGEST_TABLE) return { field: ['maglev', 'tableSize'], largest: LARGEST_TABLE };
  if ((hash.ringHash?.minimumRingSize ?? 0) > LARGEST_RING) {
    return { field: ['ringHash', 'minimumRingSize'], largest: LARGEST_RING };
  }
  return (hash.minimumRingSize ?? 0) > LARGEST_RING ? { field: ['minimumRingSize'], largest: LARGEST_RING } : undefined;
}

/** The part of a load balancer that proxies of these abilities obey. */
export function possibleBalancing(
  loadBalancer: LoadBalancer | undefined,
  abilities: ClusterAbilities,
): LoadBalancer | undefined {
  if (loadBalancer === undefined) return undefined;
  const { consistentHash, warmup, warmupDurationSecs, ...rest } = loadBalancer;
  return {
    ...rest,
    ...(consistentHash === undefined || !abilities.consistentHash
      ? {}
      : { consistentHash: abilities.largeHashTables ? consistentHash : bounded(consistentHash) }),
    ...(warmup === undefined || !abilities.slowStart ? {} : { warmup }),
    ...(warmupDurationSecs === undefined || !abilities.slowStart ? {} : { warmupDurationSecs }),
  };
}

function bounded(hash: ConsistentHash): ConsistentHash {
  const found = tooLarge(hash);
  if (found === undefined) return hash;
  const { maglev, ringHash: _ring, minimumRingSize: _minimum, ...key } = hash;
  return maglev === undefined
    ? { ...key, ringHash: { minimumRingSize: found.largest } }
    : { ...key, maglev: { tableSize: found.largest } };
}
