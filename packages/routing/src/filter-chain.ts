import type { CidrRange } from '@heddle/envoy-api/core';
import type { FilterChain, FilterChainMatch, Listener } from '@heddle/envoy-api/listener';
import ipaddr from 'ipaddr.js';
import { asciiLower } from './ascii.ts';

/** A connection as a listener sees it when it chooses a filter chain: after its listener filters looked at the first bytes. */
export interface ConnectionView {
  /** Where it wanted to go: its original destination, where the listener restores that. */
  readonly destinationAddress?: string;
  readonly destinationPort?: number;
  /** SNI of a TLS connection; empty for none. */
  readonly serverName: string;
  /** `tls` or `raw_buffer`, as the TLS inspector tells. */
  readonly transportProtocol: string;
  /** ALPN of a TLS connection, or `http/1.1` and `h2c` as the HTTP inspector tells. */
  readonly applicationProtocols: readonly string[];
  readonly sourceAddress?: string;
  readonly sourcePort?: number;
}

/** What a filter chain can ask of a connection, in the order in which Envoy asks. */
export type FilterChainCriterion =
  | 'destination port'
  | 'destination address'
  | 'server name'
  | 'transport protocol'
  | 'application protocol'
  | 'direct source address'
  | 'source type'
  | 'source address'
  | 'source port';

/** Which filter chain a connection gets. */
export interface FilterChainChoice {
  /** Undefined: the connection is closed. */
  readonly chain: FilterChain | undefined;
  /** In `filter_chains`; -1 for the default filter chain, and where there is none. */
  readonly index: number;
  /** For every chain of `filter_chains` that was not taken: the criterion at which another, or none, was preferred. */
  readonly passedOver: ReadonlyMap<number, FilterChainCriterion>;
}

/**
 * Chooses the filter chain of a connection as Envoy does: one criterion after another, each time keeping only the chains with the most
 * specific value that fits, or those that do not ask; what is left out once does not come back. Then the default chain
 * (`envoy.config.listener.v3.FilterChainMatch`).
 */
export function chooseFilterChain(
  listener: Pick<Listener, 'filterChains' | 'defaultFilterChain'>,
  connection: ConnectionView,
): FilterChainChoice {
  const passedOver = new Map<number, FilterChainCriterion>();
  let left = listener.filterChains.map((chain, index) => ({ chain, index }));
  for (const { name, rank } of CRITERIA) {
    let best = -1;
    const ranked = left.map((candidate) => {
      const found = rank(candidate.chain.filterChainMatch, connection);
      best = Math.max(best, found);
      return found;
    });
    left = left.filter(({ index }, position) => {
      if (best >= 0 && ranked[position] === best) return true;
      passedOver.set(index, name);
      return false;
    });
  }
  const [chosen, ...others] = left;
  if (chosen !== undefined) {
    // Envoy refuses listeners in which two chains have the same match.
    for (const { index } of others) passedOver.set(index, 'source port');
    return { chain: chosen.chain, index: chosen.index, passedOver };
  }
  return { chain: listener.defaultFilterChain, index: -1, passedOver };
}

/** How specific the match is about a criterion: 0 if it does not ask, -1 if the connection does not fit. */
type Rank = (match: FilterChainMatch | undefined, connection: ConnectionView) => number;

const CRITERIA: readonly { readonly name: FilterChainCriterion; readonly rank: Rank }[] = [
  {
    name: 'destination port',
    rank: (match, { destinationPort }) => equal(match?.destinationPort, destinationPort),
  },
  {
    name: 'destination address',
    rank: (match, { destinationAddress }) => inRanges(match?.prefixRanges, destinationAddress),
  },
  { name: 'server name', rank: (match, { serverName }) => rankServerNames(match?.serverNames, serverName) },
  {
    name: 'transport protocol',
    rank: (match, { transportProtocol }) => equal(match?.transportProtocol || undefined, transportProtocol),
  },
  {
    name: 'application protocol',
    rank: (match, { applicationProtocols }) => protocolRank(match?.applicationProtocols, applicationProtocols),
  },
  {
    name: 'direct source address',
    rank: (match, { sourceAddress }) => inRanges(match?.directSourcePrefixRanges, sourceAddress),
  },
  { name: 'source type', rank: sourceTypeRank },
  { name: 'source address', rank: (match, { sourceAddress }) => inRanges(match?.sourcePrefixRanges, sourceAddress) },
  {
    name: 'source port',
    rank: (match, { sourcePort }) =>
      (match?.sourcePorts.length ?? 0) === 0
        ? 0
        : sourcePort !== undefined && match?.sourcePorts.includes(sourcePort)
          ? 1
          : -1,
  },
];

function equal<Value>(wanted: Value | undefined, found: Value | undefined): number {
  if (wanted === undefined) return 0;
  return wanted === found ? 1 : -1;
}

/** The length of the longest range around the address, counted from 1. */
function inRanges(ranges: readonly CidrRange[] | undefined, address: string | undefined): number {
  if (ranges === undefined || ranges.length === 0) return 0;
  if (address === undefined || !ipaddr.isValid(address)) return -1;
  const parsed = ipaddr.process(address);
  let longest = -1;
  for (const { addressPrefix, prefixLen = 0 } of ranges) {
    if (!ipaddr.isValid(addressPrefix)) continue;
    const prefix = ipaddr.parse(addressPrefix);
    if (prefix.kind() === parsed.kind() && parsed.match(prefix as never, prefixLen))
      longest = Math.max(longest, prefixLen + 1);
  }
  return longest;
}

/**
 * How specific the server names of a filter chain are about a connection's: exact names before wildcards, longer wildcards before shorter
 * ones (Envoy reads `*.b.c` and `.b.c` alike), 0 for a chain that does not ask, -1 for one whose names do not fit.
 */
export function rankServerNames(names: readonly string[] | undefined, serverName: string): number {
  if (names === undefined || names.length === 0) return 0;
  const host = asciiLower(serverName);
  let best = -1;
  for (const written of names) {
    const name = asciiLower(written);
    if (name === '*') best = Math.max(best, 1);
    else if (name.startsWith('*.') || name.startsWith('.')) {
      const suffix = name.startsWith('*') ? name.slice(1) : name;
      if (host.length > suffix.length && host.endsWith(suffix)) best = Math.max(best, suffix.length + 1);
    } else if (name === host && host !== '') best = EXACT_NAME;
  }
  return best;
}

/** More than any wildcard's length. */
const EXACT_NAME = 65_536;

/** The connection's first protocol that the chain names counts most. */
function protocolRank(wanted: readonly string[] | undefined, found: readonly string[]): number {
  if (wanted === undefined || wanted.length === 0) return 0;
  const place = found.findIndex((protocol) => wanted.includes(protocol));
  return place < 0 ? -1 : found.length - place;
}

// FilterChainMatch.ConnectionSourceType.
const SAME_IP_OR_LOOPBACK = 1;
const EXTERNAL = 2;

function sourceTypeRank(match: FilterChainMatch | undefined, connection: ConnectionView): number {
  const wanted = (match?.sourceType ?? 0) as number;
  if (wanted !== SAME_IP_OR_LOOPBACK && wanted !== EXTERNAL) return 0;
  const { sourceAddress, destinationAddress } = connection;
  const local =
    sourceAddress !== undefined &&
    (sourceAddress === destinationAddress || sourceAddress === '::1' || sourceAddress.startsWith('127.'));
  return (wanted === SAME_IP_OR_LOOPBACK) === local ? 1 : -1;
}
