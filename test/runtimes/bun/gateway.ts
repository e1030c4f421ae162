import { runGatewaySuite } from '../gateway-suite.ts';

interface BunServer {
  readonly port: number;
  stop(closeConnections: boolean): Promise<void>;
}

declare const Bun: {
  serve(options: {
    port: number;
    hostname: string;
    fetch: (request: Request) => Response | Promise<Response>;
  }): BunServer;
};

await runGatewaySuite({
  name: 'bun',
  async serve(fetch) {
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch });
    return { port: server.port, close: () => server.stop(true) };
  },
});
