import { lookup } from 'node:dns/promises';
import type { AddressFamily, HostResolver, ResolveOptions, ResolveResult } from '../cluster/host-resolver.ts';

/** All addresses of a name, with 4 or 6 for their family, in the order in which they should be tried. */
export type Lookup = (name: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

const systemLookup: Lookup = (name) => lookup(name, { all: true, order: 'verbatim' });

/**
 * Looks names up through the system (`getaddrinfo`: /etc/hosts, search domains, DNS) unless told otherwise, and again every refresh
 * interval.
 */
export function dnsResolver(look: Lookup = systemLookup): HostResolver {
  return {
    watch(name, options, listener) {
      let stopped = false;
      let timer: NodeJS.Timeout | undefined;
      let last = '';
      const again = async () => {
        const result = await resolve(look, name, options);
        if (stopped) return;
        // The same addresses in another order are no change.
        const text = JSON.stringify('problem' in result ? result : [...result.addresses].sort());
        if (text !== last) {
          last = text;
          listener(result);
        }
        timer = setTimeout(() => void again(), options.refreshMs);
        timer.unref();
      };
      void again();
      return () => {
        stopped = true;
        clearTimeout(timer);
      };
    },
  };
}

async function resolve(look: Lookup, name: string, { family, firstOnly }: ResolveOptions): Promise<ResolveResult> {
  try {
    const found = await look(name);
    const v4 = found.filter((one) => one.family === 4);
    const v6 = found.filter((one) => one.family === 6);
    const used = chosen(family, found, v4, v6);
    if (used.length === 0) return { problem: 'no address' };
    return { addresses: (firstOnly ? used.slice(0, 1) : used).map(({ address }) => address) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function chosen<Found>(family: AddressFamily, all: readonly Found[], v4: readonly Found[], v6: readonly Found[]) {
  switch (family) {
    case 'v4':
      return v4;
    case 'v6':
      return v6;
    case 'v4-preferred':
      return v4.length > 0 ? v4 : v6;
    case 'v6-preferred':
      return v6.length > 0 ? v6 : v4;
    case 'all':
      return all;
  }
}
