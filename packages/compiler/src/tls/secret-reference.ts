import type { MessageInitShape } from '@bufbuild/protobuf';
import { ApiVersion } from '@heddle/envoy-api/core';
import type { SdsSecretConfigSchema } from '@heddle/envoy-api/tls';
import { duration } from '../duration.ts';

/** A secret that the proxy fetches on the stream on which it fetches everything (SDS over ADS). */
export function secretReference(name: string): MessageInitShape<typeof SdsSecretConfigSchema> {
  return {
    name,
    sdsConfig: {
      configSourceSpecifier: { case: 'ads', value: {} },
      resourceApiVersion: ApiVersion.V3,
      // What waits for a secret that does not come goes on without it: the rest must not wait for long.
      initialFetchTimeout: duration(2_000),
    },
  };
}
