import { Hono } from 'hono';
import type { ControlPlane } from './control-plane.ts';

/**
 * Readiness, version and debug endpoints, in the shapes of istiod's: `/ready`, `/version`, `/debug/syncz`,
 * `/debug/config_dump?proxyID=`, `/debug/list`. They show configuration, never secrets, and are meant for loopback.
 */
export function createAdminApp(controlPlane: ControlPlane, version: string): Hono {
  const app = new Hono();

  app.get('/ready', (context) =>
    controlPlane.ready ? context.text('ready\n') : context.text('the first configuration is being read\n', 503),
  );

  app.get('/version', (context) => context.json({ version, name: 'heddle' }));

  app.get('/debug/syncz', (context) => context.json(controlPlane.syncStatus()));

  app.get('/debug/config_dump', async (context) => {
    const proxyId = context.req.query('proxyID');
    if (proxyId === undefined || proxyId === '') {
      return context.json({ error: 'wanted a proxy: /debug/config_dump?proxyID=NAME.NAMESPACE or a node id' }, 400);
    }
    const dump = controlPlane.configDump(proxyId);
    if (dump === undefined) {
      const known = controlPlane.syncStatus().map(({ proxy }) => proxy);
      return context.json({ error: `no proxy "${proxyId}" is connected`, connected: known }, 404);
    }
    // Printing loads every generated type: only who asks for a dump pays for it.
    const { configDumpJson } = await import('./config-dump.ts');
    return context.json(configDumpJson(dump));
  });

  app.get('/debug/diagnostics', (context) => context.json(controlPlane.diagnostics()));

  app.get('/debug/list', (context) =>
    context.json([
      '/ready',
      '/version',
      '/debug/syncz',
      '/debug/config_dump?proxyID=',
      '/debug/diagnostics',
      '/debug/list',
    ]),
  );

  return app;
}
