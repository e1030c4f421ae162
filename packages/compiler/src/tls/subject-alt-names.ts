import type { MessageInitShape } from '@bufbuild/protobuf';
import { SubjectAltNameMatcher_SanType, type SubjectAltNameMatcherSchema } from '@heddle/envoy-api/tls';
import { isIpAddress } from '../hosts/ip-address.ts';

type Matcher = MessageInitShape<typeof SubjectAltNameMatcherSchema>;

/**
 * Matchers of which one must match the peer's certificate. Istio does not say which kind of name is meant: the text shows whether it can
 * be a URI (`spiffe://…`), an IP address or a mail address, and what is none of them is a DNS name.
 */
export function subjectAltNameMatchers(names: readonly string[]): Matcher[] {
  return names.map((exact) => ({
    sanType: typeOf(exact),
    matcher: { matchPattern: { case: 'exact', value: exact } },
  }));
}

function typeOf(name: string): SubjectAltNameMatcher_SanType {
  if (name.includes('://')) return SubjectAltNameMatcher_SanType.URI;
  if (isIpAddress(name)) return SubjectAltNameMatcher_SanType.IP_ADDRESS;
  return name.includes('@') ? SubjectAltNameMatcher_SanType.EMAIL : SubjectAltNameMatcher_SanType.DNS;
}
