import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteAction_RequestMirrorPolicySchema } from '@heddle/envoy-api/route';
import type { FieldPath } from '@heddle/model';
import { fractionalPercent } from '../http-filters/fractional-percent.ts';
import type { HttpRoute } from '../mesh-objects.ts';

type Destination = NonNullable<HttpRoute['mirror']>;

/** Where copies of a rule's requests go. */
export interface Mirror {
  readonly destination: Destination;
  /** Share of the requests in percent, above 0. */
  readonly percent: number;
  /** Of the destination, within the rule. */
  readonly path: FieldPath;
}

/**
 * Istio's `http[].mirror` with its percentage (the older spellings of it count if there is none), and `http[].mirrors`. All requests
 * if no percentage is written; none for 0.
 */
export function mirrorsOf(rule: HttpRoute): readonly Mirror[] {
  const { mirror, mirrors = [], mirrorPercentage, mirrorPercent, mirror_percent: oldSpelling } = rule;
  const found: Mirror[] = [];
  if (mirror !== undefined) {
    const percent =
      mirrorPercentage === undefined ? (mirrorPercent ?? oldSpelling ?? 100) : (mirrorPercentage.value ?? 0);
    if (percent > 0) found.push({ destination: mirror, percent, path: ['mirror'] });
  }
  for (const [index, { destination, percentage }] of mirrors.entries()) {
    const percent = percentage === undefined ? 100 : (percentage.value ?? 0);
    if (percent > 0) found.push({ destination, percent, path: ['mirrors', index, 'destination'] });
  }
  return found;
}

/** The policy of a mirror. Its backends see the host as the destination does, without Envoy's `-shadow`, as in Istio. */
export function mirrorPolicy(
  cluster: string,
  percent: number,
): MessageInitShape<typeof RouteAction_RequestMirrorPolicySchema> {
  return {
    cluster,
    runtimeFraction: { defaultValue: fractionalPercent(percent) },
    traceSampled: false,
    disableShadowHostSuffixAppend: true,
  };
}
