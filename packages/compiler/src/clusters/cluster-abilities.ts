import { type Diagnostic, type ProxyCapabilities, type View } from '@heddle/model';
import { canDo, cannotDo, outboundCapture } from '../capabilities.ts';
import type { Memo } from '../memo.ts';
import type { MeshPort } from '../registry/mesh-service.ts';
import type { MeshSettings } from '../settings.ts';
import type { EffectivePolicy } from '../traffic-policy.ts';
import { upstreamHttp } from './http-protocol-options.ts';

/** What of a cluster depends on what its proxies can do. */
export interface ClusterAbilities {
  /** A port of undeclared protocol carries what the client is found to speak. */
  readonly sniffs: boolean;
  readonly http2: boolean;
  readonly outlierDetection: boolean;
  readonly consistentHash: boolean;
  readonly slowStart: boolean;
}

const FEATURES = {
  http2: 'heddle.http2.upstream',
  outlierDetection: 'heddle.cluster.outlier-detection',
  consistentHash: 'heddle.lb.consistent-hash',
  slowStart: 'heddle.lb.slow-start',
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
    slowStart: can.has('slowStart'),
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
    if (!abilities.slowStart && (warmup !== undefined || warmupDurationSecs !== undefined)) {
      const field = warmup === undefined ? 'warmupDurationSecs' : 'warmup';
      report('slowStart', resource, [...path, field], 'new endpoints get their whole share at once');
    }
  }
  return diagnostics;
}
