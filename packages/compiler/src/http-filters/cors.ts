import { create } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { parseDurationMs } from '@heddle/api';
import { CorsPolicySchema, CorsSchema } from '@heddle/envoy-api/extensions/filters/http/cors';
import type { HttpRoute } from '../mesh-objects.ts';
import { stringCondition, stringMatcher } from '../routes/string-match.ts';
import { fractionalPercent } from './fractional-percent.ts';

export const CORS_FILTER = 'envoy.filters.http.cors';

type Cors = NonNullable<HttpRoute['corsPolicy']>;

/** The listener's part: what a route does not ask for is left alone. */
export function corsFilter(): Any {
  return anyPack(CorsSchema, create(CorsSchema));
}

/**
 * Istio's `http[].corsPolicy` as the route's part. Preflights of other origins go on to the destination unless `unmatchedPreflights` says
 * otherwise. The deprecated `allowOrigin` counts if there is no `allowOrigins`.
 */
export function compileCors(policy: Cors): Any {
  const { allowOrigins = [], allowOrigin = [] } = policy;
  const origins = allowOrigins.length > 0 ? allowOrigins : allowOrigin.map((origin) => ({ exact: origin }));
  const maxAgeMs = policy.maxAge === undefined ? undefined : parseDurationMs(policy.maxAge);
  return anyPack(
    CorsPolicySchema,
    create(CorsPolicySchema, {
      allowOriginStringMatch: origins.flatMap((origin) => {
        const condition = stringCondition(origin);
        return condition.kind === 'present' ? [] : [stringMatcher(condition)];
      }),
      allowMethods: (policy.allowMethods ?? []).join(','),
      allowHeaders: (policy.allowHeaders ?? []).join(','),
      exposeHeaders: (policy.exposeHeaders ?? []).join(','),
      maxAge: maxAgeMs === undefined ? '' : String(Math.floor(maxAgeMs / 1000)),
      ...(policy.allowCredentials === undefined ? {} : { allowCredentials: policy.allowCredentials }),
      forwardNotMatchingPreflights: policy.unmatchedPreflights !== 'IGNORE',
      filterEnabled: { defaultValue: fractionalPercent(100) },
    }),
  );
}
