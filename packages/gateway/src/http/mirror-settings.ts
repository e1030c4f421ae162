import type { RouteAction_RequestMirrorPolicy } from '@heddle/envoy-api/route';

/** Where a route sends copies of its requests. */
export interface MirrorSettings {
  readonly cluster: string;
  /** Of `denominator` requests so many are copied. */
  readonly numerator: number;
  readonly denominator: number;
  /** The copies' host gets `-shadow` behind its name. */
  readonly marksHost: boolean;
}

const DENOMINATORS: readonly number[] = [100, 10_000, 1_000_000];

/** Reads `request_mirror_policies`: those of the most specific level that has some. */
export function mirrorSettings(
  levels: readonly (readonly RouteAction_RequestMirrorPolicy[])[],
  problems: string[],
): readonly MirrorSettings[] {
  const policies = levels.find((level) => level.length > 0) ?? [];
  return policies.flatMap((policy) => {
    if (policy.cluster === '') {
      problems.push('request_mirror_policies.cluster_header is not implemented');
      return [];
    }
    const percent = policy.runtimeFraction?.defaultValue;
    return {
      cluster: policy.cluster,
      numerator: policy.runtimeFraction === undefined ? 1 : (percent?.numerator ?? 0),
      denominator: policy.runtimeFraction === undefined ? 1 : (DENOMINATORS[percent?.denominator ?? 0] ?? 100),
      marksHost: !policy.disableShadowHostSuffixAppend,
    };
  });
}
