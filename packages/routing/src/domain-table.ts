import type { RouteConfiguration } from '@heddle/envoy-api/route';
import { asciiLower } from './ascii.ts';
import { hostWithoutPort } from './authority.ts';
import { byteString } from './byte-string.ts';
import { RoutingError } from './routing-error.ts';

/** Finds the virtual host of an authority. */
export interface DomainTable {
  /** Index of the virtual host that serves `authority` (port included), undefined when none does. */
  find(authority: string): number | undefined;
}

/**
 * Compiles the domains of a route configuration. Search order as `envoy.config.route.v3.VirtualHost.domains` states it: exact, the
 * longest suffix wildcard (`*.example.com`), the longest prefix wildcard (`www.*`), then `*`. Case-insensitive.
 *
 * @throws RoutingError `duplicate-domain` where two virtual hosts claim one domain.
 */
export function compileDomains(configuration: RouteConfiguration): DomainTable {
  const exact = new Map<string, number>();
  const suffixes = new WildcardTable((host, length) => host.slice(host.length - length));
  const prefixes = new WildcardTable((host, length) => host.slice(0, length));
  let fallback: number | undefined;
  configuration.virtualHosts.forEach((virtualHost, index) => {
    for (const written of virtualHost.domains) {
      const domain = asciiLower(byteString(written));
      let added: boolean;
      if (domain === '*') {
        added = fallback === undefined;
        fallback ??= index;
      } else if (domain.startsWith('*')) {
        added = suffixes.add(domain.slice(1), index);
      } else if (domain.endsWith('*')) {
        added = prefixes.add(domain.slice(0, -1), index);
      } else {
        added = !exact.has(domain);
        if (added) exact.set(domain, index);
      }
      if (!added) {
        throw new RoutingError(
          'duplicate-domain',
          `route configuration "${configuration.name}" has domain "${written}" twice, wanted each domain once`,
          `virtualHosts[${index}].domains`,
        );
      }
    }
  });
  const onlyFallback = exact.size === 0 && suffixes.empty && prefixes.empty;
  const ignorePort = configuration.ignorePortInHostMatching;
  return {
    find(authority) {
      if (onlyFallback) return fallback;
      if (authority === '') return undefined;
      const host = asciiLower(ignorePort ? hostWithoutPort(authority) : authority);
      return exact.get(host) ?? suffixes.find(host) ?? prefixes.find(host) ?? fallback;
    },
  };
}

class WildcardTable {
  /** By length of the text without the asterisk, longest first. */
  private readonly byLength: { length: number; hosts: Map<string, number> }[] = [];
  private readonly part: (host: string, length: number) => string;

  constructor(part: (host: string, length: number) => string) {
    this.part = part;
  }

  get empty(): boolean {
    return this.byLength.length === 0;
  }

  add(text: string, index: number): boolean {
    let level = this.byLength.find(({ length }) => length === text.length);
    if (level === undefined) {
      level = { length: text.length, hosts: new Map() };
      this.byLength.push(level);
      this.byLength.sort((a, b) => b.length - a.length);
    }
    if (level.hosts.has(text)) return false;
    level.hosts.set(text, index);
    return true;
  }

  find(host: string): number | undefined {
    for (const { length, hosts } of this.byLength) {
      // The asterisk stands for one character at least.
      if (length >= host.length) continue;
      const index = hosts.get(this.part(host, length));
      if (index !== undefined) return index;
    }
    return undefined;
  }
}
