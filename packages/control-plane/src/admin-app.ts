import { type Context, Hono } from 'hono';
import { connections, subscriptions } from './connections.ts';
import type { ControlPlane } from './control-plane.ts';
import { jsonInSlices } from './json-in-slices.ts';
import { buildMetrics } from './metrics/control-plane-metrics.ts';
import { formatMetrics, METRICS_CONTENT_TYPE, type MetricFamily } from './metrics/exposition.ts';
import { configObjects, registryServices, serviceInstances, serviceInstancesBrief } from './registry-dump.ts';

export interface AdminAppOptions {
  /** Metrics of the process around the control plane, added to `/metrics`. */
  readonly processMetrics?: () => readonly MetricFamily[];
}

/**
 * Readiness, version, metrics and debug endpoints, in the shapes of istiod's (`pilot/pkg/xds/debug.go`): `/debug/list` lists the
 * latter, and `?pretty` indents any of them. They show configuration, never secrets, and are meant for loopback.
 */
export function createAdminApp(controlPlane: ControlPlane, version: string, options: AdminAppOptions = {}): Hono {
  const app = new Hono();

  app.get('/ready', (context) =>
    controlPlane.ready ? context.text('ready\n') : context.text('the first configuration is being read\n', 503),
  );

  app.get('/version', (context) => context.json({ version, name: 'heddle' }));

  app.get('/metrics', (context) =>
    context.body(
      formatMetrics([...buildMetrics(version), ...controlPlane.metrics(), ...(options.processMetrics?.() ?? [])]),
      200,
      { 'content-type': METRICS_CONTENT_TYPE },
    ),
  );

  const debug: Readonly<Record<string, (context: Context) => Response | Promise<Response>>> = {
    adsz: (context) => json(context, subscriptions(controlPlane.discovery.streams())),
    configz: (context) => json(context, configObjects(controlPlane.snapshot)),
    config_dump: (context) => configDump(controlPlane, context),
    connections: (context) => json(context, connections(controlPlane.discovery.streams())),
    diagnostics: (context) => json(context, controlPlane.diagnostics()),
    endpointz: (context) =>
      context.req.query('brief') === undefined
        ? json(context, serviceInstances(controlPlane.services()))
        : context.text(serviceInstancesBrief(controlPlane.services())),
    registryz: (context) => json(context, registryServices(controlPlane.services(), controlPlane.snapshot)),
    syncz: (context) => json(context, controlPlane.syncStatus()),
  };
  for (const [name, handle] of Object.entries(debug)) app.get(`/debug/${name}`, handle);
  app.get('/debug/list', (context) => json(context, Object.keys(debug).sort()));

  return app;
}

async function configDump(controlPlane: ControlPlane, context: Context): Promise<Response> {
  const text = context.req.query('proxyID');
  if (text === undefined || text === '') {
    const { proxies } = { proxies: [], ...controlPlane.findProxy('') };
    const error = 'wanted a proxy: /debug/config_dump?proxyID=NAME.NAMESPACE or a node id';
    return context.json({ error, connected: proxies }, 400);
  }
  const lookup = controlPlane.findProxy(text);
  if ('problem' in lookup) {
    return lookup.problem === 'unknown'
      ? context.json({ error: `no proxy "${text}" is connected`, connected: lookup.proxies }, 404)
      : context.json({ error: `"${text}" may mean several proxies`, connected: lookup.proxies }, 409);
  }
  const dump = controlPlane.configDump(lookup.found);
  // Printing loads every generated type: only who asks for a dump pays for it.
  const { configDumpJson } = await import('./config-dump.ts');
  return json(context, await configDumpJson(dump ?? new Map()));
}

async function json(context: Context, value: unknown): Promise<Response> {
  const indent = context.req.query('pretty') === undefined ? 0 : 2;
  return context.body(`${await jsonInSlices(value, indent)}\n`, 200, { 'content-type': 'application/json' });
}
