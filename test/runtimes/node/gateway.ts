import { serve } from '@hono/node-server';
import { runGatewaySuite } from '../gateway-suite.ts';

await runGatewaySuite({
  name: 'node',
  serve: (fetch) =>
    new Promise((resolve) => {
      const server = serve({ fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
        resolve({ port, close: () => new Promise((closed) => server.close(() => closed())) }),
      );
    }),
});
