import { type SubjectAltNameMatcher as ConfiguredMatcher, SubjectAltNameMatcher_SanType } from '@heddle/envoy-api/tls';
import { compileStringMatcher, RoutingError } from '@heddle/routing';

/** The kinds of names that certificates have for their subjects (RFC 5280, section 4.2.1.6). */
export type NameKind = 'DNS' | 'URI' | 'EMAIL' | 'IP_ADDRESS';

/** A name in a certificate. */
export interface SubjectAltName {
  readonly kind: NameKind;
  readonly value: string;
}

/** Looks for one name among those of a certificate. */
export type SubjectAltNameMatcher = (names: readonly SubjectAltName[]) => boolean;

const KINDS: Readonly<Partial<Record<SubjectAltNameMatcher_SanType, NameKind>>> = {
  [SubjectAltNameMatcher_SanType.DNS]: 'DNS',
  [SubjectAltNameMatcher_SanType.URI]: 'URI',
  [SubjectAltNameMatcher_SanType.EMAIL]: 'EMAIL',
  [SubjectAltNameMatcher_SanType.IP_ADDRESS]: 'IP_ADDRESS',
};

/**
 * Compiles `match_typed_subject_alt_names`. An exact DNS name is found in a certificate's wildcard too, as in Envoy
 * (`DnsExactStringSanMatcher`). A matcher that cannot be obeyed matches nothing, which is said in `problems`.
 */
export function compileSubjectAltNames(
  matchers: readonly ConfiguredMatcher[],
  problems: string[],
): readonly SubjectAltNameMatcher[] {
  return matchers.map(({ sanType, matcher }) => {
    const kind = KINDS[sanType];
    if (kind === undefined || matcher === undefined) {
      problems.push(`san_type ${SubjectAltNameMatcher_SanType[sanType]} is not implemented`);
      return () => false;
    }
    const { matchPattern } = matcher;
    if (kind === 'DNS' && matchPattern.case === 'exact' && !matcher.ignoreCase) {
      const wanted = matchPattern.value;
      return (names) => names.some((name) => name.kind === 'DNS' && dnsNameCovers(name.value, wanted));
    }
    try {
      const matches = compileStringMatcher(matcher);
      return (names) => names.some((name) => name.kind === kind && matches(name.value));
    } catch (error) {
      if (!(error instanceof RoutingError)) throw error;
      problems.push(error.message);
      return () => false;
    }
  });
}

/**
 * Whether a DNS name of a certificate stands for a host: `*` stands for one label, or a part of it, at the very left (RFC 6125,
 * section 6.4.3), as in Envoy's `dnsNameMatch`.
 */
export function dnsNameCovers(pattern: string, host: string): boolean {
  const wanted = host.toLowerCase();
  const name = pattern.toLowerCase();
  if (name === wanted) return true;
  const dot = name.indexOf('.');
  const star = name.indexOf('*');
  if (star < 0 || dot < 0 || star > dot || name.lastIndexOf('*') !== star) return false;
  const hostDot = wanted.indexOf('.');
  if (hostDot < 0 || name.slice(dot) !== wanted.slice(hostDot)) return false;
  const label = wanted.slice(0, hostDot);
  const [before, after] = [name.slice(0, star), name.slice(star + 1, dot)];
  // Internationalised labels are no text in which a part could be left open.
  if (name.startsWith('xn--')) return false;
  return label.length >= before.length + after.length && label.startsWith(before) && label.endsWith(after);
}
