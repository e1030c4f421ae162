import { lookup } from 'node:dns/promises';
import type { HostResolver, ResolveOptions, ResolveResult } from '../cluster/host-resolver.ts';

/** Looks names up through the system (`getaddrinfo`: /etc/hosts, search domains, DNS) and again every refresh interval. */
export function dnsResolver(): HostResolver {
  return {
    watch(name, options, listener) {
      let stopped = false;
      let timer: NodeJS.Timeout | undefined;
      let last = '';
      const look = async () => {
        const result = await resolve(name, options);
        if (stopped) return;
        const text = JSON.stringify(result);
        if (text !== last) {
          last = text;
          listener(result);
        }
        timer = setTimeout(() => void look(), options.refreshMs);
        timer.unref();
      };
      void look();
      return () => {
        stopped = true;
        clearTimeout(timer);
      };
    },
  };
}

async function resolve(name: string, { family }: ResolveOptions): Promise<ResolveResult> {
  try {
    const found = await lookup(name, { all: true, family: family === 'v4' ? 4 : family === 'v6' ? 6 : 0 });
    // Sorted, so that an answer in another order is no change.
    const addresses = found.map(({ address }) => address).sort();
    return addresses.length === 0 ? { problem: 'no address' } : { addresses };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
