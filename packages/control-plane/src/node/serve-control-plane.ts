import type { AddressInfo } from 'node:net';
import { serveDiscovery } from '@heddle/discovery/node';
import { serve } from '@hono/node-server';
import { createAdminApp } from '../admin-app.ts';
import type { ControlPlane } from '../control-plane.ts';
import { processMetrics } from './process-metrics.ts';

export interface ServeControlPlaneOptions {
  readonly controlPlane: ControlPlane;
  /** `HOST:PORT` for ADS; port 0 takes a free one. There is no authentication: keep it on loopback. */
  readonly grpcAddress: string;
  /** `HOST:PORT` for readiness and debug endpoints; port 0 takes a free one. */
  readonly httpAddress: string;
  /** What `/version` says. */
  readonly version: string;
}

/** A control plane that listens. */
export interface ServedControlPlane {
  /** As bound. */
  readonly grpcAddress: string;
  readonly httpAddress: string;
  close(options?: { readonly drainMs?: number }): Promise<void>;
}

/**
 * Serves a control plane's ADS over gRPC and its debug endpoints over HTTP.
 *
 * @throws if an address does not parse or cannot be bound
 */
export async function serveControlPlane(options: ServeControlPlaneOptions): Promise<ServedControlPlane> {
  const { controlPlane, version } = options;
  const grpc = await serveDiscovery({ server: controlPlane.discovery, address: options.grpcAddress });
  try {
    const http = await serveHttp(options.httpAddress, createAdminApp(controlPlane, version, { processMetrics }).fetch);
    return {
      grpcAddress: grpc.address,
      httpAddress: http.address,
      close: async (closing) => {
        await Promise.all([grpc.close(closing), http.close()]);
      },
    };
  } catch (error) {
    await grpc.close();
    throw error;
  }
}

async function serveHttp(
  address: string,
  fetch: (request: Request) => Response | Promise<Response>,
): Promise<{ readonly address: string; close(): Promise<void> }> {
  const { hostname, port } = new URL(`http://${address}`);
  return new Promise((resolve, reject) => {
    const server = serve(
      { fetch, hostname: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) },
      (bound: AddressInfo) =>
        resolve({
          address: bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`,
          close: () => new Promise((closed) => server.close(() => closed())),
        }),
    );
    server.once('error', reject);
  });
}
