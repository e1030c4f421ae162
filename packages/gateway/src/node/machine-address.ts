import { networkInterfaces } from 'node:os';

/** This machine's address as Envoy finds it: the first IPv4 address that is not loopback. */
export function machineAddress(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { family, internal, address } of addresses ?? []) {
      if (family === 'IPv4' && !internal) return address;
    }
  }
  return '127.0.0.1';
}
