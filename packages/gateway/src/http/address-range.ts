import type { CidrRange } from '@heddle/envoy-api/core';
import ipaddr from 'ipaddr.js';

/** A parsed CIDR range. */
export interface AddressRange {
  readonly address: ipaddr.IPv4 | ipaddr.IPv6;
  readonly prefixLength: number;
}

/** Parses `envoy.config.core.v3.CidrRange`s; those that do not parse become problems. */
export function addressRanges(ranges: readonly CidrRange[], problems: string[]): AddressRange[] {
  const parsed: AddressRange[] = [];
  for (const range of ranges) {
    if (!ipaddr.isValid(range.addressPrefix)) {
      problems.push(`address range "${range.addressPrefix}" is not an IP address`);
      continue;
    }
    parsed.push({ address: ipaddr.parse(range.addressPrefix), prefixLength: range.prefixLen ?? 0 });
  }
  return parsed;
}

/** True when the address (text) lies in one of the ranges; false for text that is no IP address. */
export function isInRanges(address: string, ranges: readonly AddressRange[]): boolean {
  if (ranges.length === 0 || !ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return ranges.some(
    (range) => range.address.kind() === parsed.kind() && parsed.match(range.address as never, range.prefixLength),
  );
}

/** True for 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** An IPv4 address that came in IPv6-mapped form (`::ffff:10.0.0.1`) as plain IPv4; others unchanged. */
export function unmappedAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/**
 * The address `hops` places before the last in a comma-separated `x-forwarded-for` value, as Envoy's `xff_num_trusted_hops`
 * counts; undefined when there are too few or it is no IP address.
 */
export function addressFromForwardedFor(
  value: string | undefined,
  hops: number,
): { readonly address: string; readonly single: boolean } | undefined {
  if (value === undefined) return undefined;
  const parts = value.split(',');
  const address = parts[parts.length - 1 - hops]?.trim();
  if (address === undefined || !ipaddr.isValid(address)) return undefined;
  return { address: unmappedAddress(address), single: parts.length === 1 };
}
