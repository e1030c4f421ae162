import { runGatewaySuite } from '../gateway-suite.ts';

interface DenoServer {
  readonly addr: { readonly port: number };
  shutdown(): Promise<void>;
}

declare const Deno: {
  serve(
    options: { port: number; hostname: string; onListen: () => void },
    fetch: (request: Request) => Response | Promise<Response>,
  ): DenoServer;
};

await runGatewaySuite({
  name: 'deno',
  async serve(fetch) {
    const server = Deno.serve({ port: 0, hostname: '127.0.0.1', onListen: () => {} }, fetch);
    return { port: server.addr.port, close: () => server.shutdown() };
  },
});
