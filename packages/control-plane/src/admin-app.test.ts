import { readFile } from 'node:fs/promises';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
} from '@heddle/envoy-api';
import { createMemorySource } from '@heddle/sources';
import { createAdsClient } from '@heddle/xds-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAdminApp } from './admin-app.ts';
import { type ControlPlane, type ControlPlaneEvent, createControlPlane } from './control-plane.ts';

const example = (file: string) => readFile(new URL(`../../../examples/nginx/${file}`, import.meta.url), 'utf8');
const gatewayYaml = await example('gateway.yaml');
const LINE = gatewayYaml.split('\n').findIndex((text) => text.includes('kind: Gateway')) + 1;
const CLUSTER = 'outbound|80||test-svc.test-namespace.svc.cluster.local';
const NODE_ID = 'router~10.1.2.3~ingress.istio-system~istio-system.svc.cluster.local';

const entry = `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: payments, namespace: test-namespace, labels: { team: pay } }
spec:
  hosts: [pay.example.com]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{ number: 443, name: tls, protocol: TLS }]
  endpoints: [{ address: 192.0.2.1 }]
`;

let controlPlane: ControlPlane;
let app: ReturnType<typeof createAdminApp>;
const events: ControlPlaneEvent[] = [];
const clients: { close(): void }[] = [];

beforeEach(async () => {
  events.length = 0;
  const files = { 'app.yaml': await example('app.yaml'), 'gateway.yaml': gatewayYaml, 'entry.yaml': entry };
  controlPlane = createControlPlane({
    sources: [createMemorySource({ files })],
    log: (event) => events.push(event),
  });
  await controlPlane.started;
  app = createAdminApp(controlPlane, '1.2.3');
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await controlPlane.close();
});

/** Connects an ingress gateway that refuses the resources named. */
async function connect(refused: Readonly<Record<string, string>> = {}, id = NODE_ID): Promise<void> {
  const client = createAdsClient({
    transport: controlPlane.discovery.connect(),
    node: {
      id,
      metadata: { LABELS: { istio: 'ingressgateway' }, ISTIO_VERSION: '1.30.0', CLUSTER_ID: 'Kubernetes' },
      userAgentName: 'envoy',
      userAgentVersionType: { case: 'userAgentBuildVersion', value: { version: { majorNumber: 1, minorNumber: 40 } } },
    },
    onUpdate: ({ changed }) =>
      new Map(changed.flatMap(({ name }) => (refused[name] === undefined ? [] : [[name, refused[name]] as const]))),
  });
  client.subscribe(LISTENER_TYPE_URL, { wildcard: true });
  client.subscribe(CLUSTER_TYPE_URL, { wildcard: true });
  client.subscribe(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, { names: [CLUSTER] });
  client.subscribe(ROUTE_CONFIGURATION_TYPE_URL, { names: ['http.80'] });
  client.start();
  clients.push(client);
  await vi.waitFor(() => expect(controlPlane.syncStatus()[0]?.cluster_sent).toBeTruthy());
  await controlPlane.discovery.settled();
}

const get = async (path: string) => (await app.request(path)).json();
const metrics = async () => (await (await app.request('/metrics')).text()).split('\n');

describe('/debug/syncz', () => {
  test('has the fields that istioctl and Kiali read, and what they mean', async () => {
    await connect();
    const [status] = await get('/debug/syncz');
    expect(status).toMatchObject({
      proxy: 'ingress.istio-system',
      proxy_type: 'router',
      proxy_version: 'envoy/1.40.0',
      istio_version: '1.30.0',
      cluster_id: 'Kubernetes',
      node_id: NODE_ID,
      status: { CDS: 'SYNCED', LDS: 'SYNCED', EDS: 'SYNCED' },
      types: { CDS: { status: 'SYNCED', rejected: [], held_back: [] } },
      problems: [],
    });
    // istioctl and Kiali compare the nonces.
    for (const type of ['cluster', 'listener', 'endpoint']) {
      expect(status[`${type}_sent`]).toMatch(/\d/);
      expect(status[`${type}_acked`]).toBe(status[`${type}_sent`]);
    }
    const { sent_at, acked_at } = status.types.CDS;
    expect(Date.parse(sent_at)).toBeLessThanOrEqual(Date.parse(acked_at));
    expect(Date.parse(status.connected_at)).toBeLessThanOrEqual(Date.parse(sent_at));
  });

  test('names resource, object, field, file and line of what was rejected', async () => {
    await connect({ '0.0.0.0_80': 'no such filter' });
    const [status] = await get('/debug/syncz');
    expect(status.status).toMatchObject({ LDS: 'ERROR', CDS: 'SYNCED' });
    expect(status.listener_acked).not.toBe(status.listener_sent);
    expect(status.types.LDS.rejected).toEqual([
      {
        name: '0.0.0.0_80',
        message: expect.stringContaining('no such filter'),
        object: 'Gateway test-namespace/test-gateway',
        field: expect.stringMatching(/^spec\.servers/),
        position: expect.stringMatching(/^gateway\.yaml:\d+:\d+$/),
      },
    ]);
    const [, line] = status.types.LDS.rejected[0].position.split(':');
    expect(Number(line)).toBeGreaterThanOrEqual(LINE);
    expect(Date.parse(status.types.LDS.rejected_at)).not.toBeNaN();
    expect(status.problems).toEqual([
      expect.stringMatching(/^rejected LDS "0\.0\.0\.0_80" \(Gateway test-namespace\/test-gateway .*gateway\.yaml:\d+/),
    ]);
  });
});

describe('a rejection', () => {
  test('that blames a part of a resource names the object of that part', async () => {
    const cause =
      'Proto constraint validation failed (RouteConfigurationValidationError.VirtualHosts[0]: embedded message failed validation | caused by VirtualHostValidationError.Routes[0]: embedded message failed validation | caused by RouteValidationError.Match: value is required)';
    await connect({ 'http.80': cause });
    const [status] = await get('/debug/syncz');
    expect(status.types.RDS.rejected).toMatchObject([
      { object: 'VirtualService test-namespace/test-virtualservice', field: 'spec.http[0].match[0]' },
    ]);
  });

  test('is logged with resource, object, file and line', async () => {
    await connect({ '0.0.0.0_80': 'no such filter' });
    expect(events.find(({ rejections }) => rejections !== undefined)).toMatchObject({
      level: 'warn',
      nodeId: NODE_ID,
      typeUrl: LISTENER_TYPE_URL,
      message: expect.stringMatching(
        /^LDS "0\.0\.0\.0_80" \(Gateway test-namespace\/test-gateway at spec.*, gateway\.yaml:\d+:\d+\) was rejected: .*no such filter/,
      ),
      rejections: [{ label: 'LDS', name: '0.0.0.0_80', origin: { resource: { kind: 'Gateway' } } }],
    });
  });

  test('is counted, and shown while it lasts', async () => {
    await connect({ '0.0.0.0_80': 'no such filter' });
    const lines = await metrics();
    expect(lines).toContain('pilot_total_xds_rejects{type="lds"} 1');
    expect(lines).toContain('pilot_xds_lds_reject{node="ingress.istio-system"} 1');
    expect(lines.filter((line) => line.startsWith('pilot_xds_cds_reject'))).toEqual([]);
    expect(lines.find((line) => line.startsWith('heddle_xds_rejected_resource{'))).toMatch(
      /node="ingress\.istio-system",type="lds",resource="0\.0\.0\.0_80",object="Gateway test-namespace\/test-gateway",position="gateway\.yaml:\d+:\d+"} 1$/,
    );
    expect(lines).toContain('heddle_diagnostics{severity="error"} 1');
    for (const client of clients.splice(0)) client.close();
    const after = await metrics();
    expect(after).toContain('pilot_total_xds_rejects{type="lds"} 1');
    expect(after.filter((line) => /^(pilot_xds_lds_reject|heddle_xds_rejected_resource){/.test(line))).toEqual([]);
  });
});

describe('/metrics', () => {
  test("has istiod's names", async () => {
    await connect();
    const response = await app.request('/metrics');
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const lines = await metrics();
    for (const line of [
      'pilot_info{version="1.2.3"} 1',
      'istio_build{component="pilot",tag="1.2.3"} 1',
      'pilot_xds{version="1.30.0"} 1',
      'pilot_xds_pushes{type="cds"} 1',
      'pilot_xds_pushes{type="lds"} 1',
      `pilot_xds_config_size_bytes_count{type="${CLUSTER_TYPE_URL}"} 1`,
      'pilot_xds_push_time_count{type="cds"} 1',
      'pilot_proxy_convergence_time_count 0',
      'pilot_pushcontext_init_seconds_count 1',
      'pilot_services 2',
      'pilot_virt_services 1',
      'pilot_endpoint_not_ready 0',
      // Nobody says where the example's Deployment runs.
      'pilot_eds_no_instances 1',
      'pilot_inbound_updates{type="svc"} 2',
      'pilot_push_triggers{type="service"} 1',
      'pilot_xds_expired_nonce 0',
    ]) {
      expect(lines).toContain(line);
    }
    // Each metric has its help and type, once.
    const names = lines.flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []);
    expect(new Set(names).size).toBe(names.length);
  });

  test('nobody connected is 0', async () => {
    expect(await metrics()).toContain('pilot_xds 0');
  });

  test('counts a change, and how long it takes until it is acknowledged', async () => {
    const source = createMemorySource({
      files: { 'app.yaml': await example('app.yaml'), 'gateway.yaml': gatewayYaml },
    });
    await controlPlane.close();
    controlPlane = createControlPlane({ sources: [source] });
    app = createAdminApp(controlPlane, '1.2.3');
    await controlPlane.started;
    await connect();
    source.setText('gateway.yaml', gatewayYaml.replace('number: 80', 'number: 81'));
    await controlPlane.refresh();
    await vi.waitFor(async () => expect(await metrics()).toContain('pilot_proxy_convergence_time_count 1'));
    const lines = await metrics();
    expect(lines).toContain('pilot_inbound_updates{type="config"} 4');
    expect(lines).toContain('pilot_push_triggers{type="config"} 2');
    expect(lines).toContain('pilot_push_triggers{type="service"} 1');
  });
});

describe('/debug/connections and /debug/adsz', () => {
  test('list who is connected, as istiod does', async () => {
    expect(await get('/debug/connections')).toEqual({ totalClients: 0, clients: [] });
    await connect();
    const client = {
      connectionId: 'ingress.istio-system-memory',
      connectedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      address: 'memory',
    };
    expect(await get('/debug/connections')).toEqual({ totalClients: 1, clients: [{ ...client, labels: null }] });
    expect(await get('/debug/adsz')).toEqual({
      totalClients: 1,
      clients: [
        {
          ...client,
          labels: { istio: 'ingressgateway' },
          watches: {
            [CLUSTER_TYPE_URL]: ['*'],
            [LISTENER_TYPE_URL]: ['*'],
            [CLUSTER_LOAD_ASSIGNMENT_TYPE_URL]: [CLUSTER],
            [ROUTE_CONFIGURATION_TYPE_URL]: ['http.80'],
          },
        },
      ],
    });
  });
});

describe('/debug/configz', () => {
  test('has the configuration objects as Kubernetes writes them, without workloads', async () => {
    const objects = await get('/debug/configz');
    expect(objects.map(({ kind }: { kind: string }) => kind)).toEqual(['Gateway', 'ServiceEntry', 'VirtualService']);
    expect(objects[1]).toEqual({
      apiVersion: 'networking.istio.io/v1',
      kind: 'ServiceEntry',
      metadata: { name: 'payments', namespace: 'test-namespace', labels: { team: 'pay' } },
      spec: {
        hosts: ['pay.example.com'],
        location: 'MESH_EXTERNAL',
        resolution: 'STATIC',
        ports: [{ number: 443, name: 'tls', protocol: 'TLS' }],
        endpoints: [{ address: '192.0.2.1' }],
      },
    });
  });
});

describe('/debug/registryz', () => {
  test('has the services as Kiali reads them', async () => {
    expect(await get('/debug/registryz')).toEqual([
      {
        Attributes: {
          ServiceRegistry: 'External',
          Name: 'payments',
          Namespace: 'test-namespace',
          Labels: { team: 'pay' },
        },
        ports: [{ name: 'tls', port: 443, protocol: 'TLS' }],
        hostname: 'pay.example.com',
        clusterVIPs: {},
        defaultAddress: '0.0.0.0',
        Resolution: 0,
        MeshExternal: true,
      },
      {
        Attributes: {
          ServiceRegistry: 'Kubernetes',
          Name: 'test-svc',
          Namespace: 'test-namespace',
          Labels: {},
          LabelSelectors: { app: 'test' },
        },
        ports: [{ name: 'http', port: 80, protocol: 'HTTP' }],
        hostname: 'test-svc.test-namespace.svc.cluster.local',
        clusterVIPs: {},
        defaultAddress: '0.0.0.0',
        Resolution: 0,
        MeshExternal: false,
      },
    ]);
  });
});

describe('/debug/endpointz', () => {
  test('has the endpoints by service and port', async () => {
    const listed = await get('/debug/endpointz');
    expect(listed.map(({ svc }: { svc: string }) => svc)).toEqual([
      'pay.example.com:tls',
      'test-svc.test-namespace.svc.cluster.local:http',
    ]);
    expect(listed[0].ep).toEqual([
      {
        service: { hostname: 'pay.example.com' },
        servicePort: { name: 'tls', port: 443, protocol: 'TLS' },
        endpoint: expect.objectContaining({ Address: '192.0.2.1', EndpointPort: 443, HealthStatus: 1, LbWeight: 1 }),
      },
    ]);
    const brief = await (await app.request('/debug/endpointz?brief')).text();
    expect(brief).toBe('pay.example.com:tls 192.0.2.1:443 {}\n');
  });
});

describe('/debug/config_dump', () => {
  test.each(['ingress.istio-system', 'ingress', 'ingr', NODE_ID])('finds a proxy by %s', async (text) => {
    await connect();
    const { configs } = await get(`/debug/config_dump?proxyID=${encodeURIComponent(text)}`);
    expect(configs.map((config: { '@type': string }) => config['@type'].split('.').at(-1))).toEqual([
      'ClustersConfigDump',
      'ListenersConfigDump',
      'RoutesConfigDump',
      'EndpointsConfigDump',
      'EcdsConfigDump',
      'SecretsConfigDump',
    ]);
    expect(configs[0].dynamicActiveClusters[0]).toMatchObject({ clientStatus: 'ACKED', cluster: { name: CLUSTER } });
  });

  test('says which proxies a text may mean', async () => {
    await connect();
    await connect({}, NODE_ID.replace('ingress.', 'ingress-2.'));
    const response = await app.request('/debug/config_dump?proxyID=ingr');
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ connected: ['ingress-2.istio-system', 'ingress.istio-system'] });
    const unknown = await app.request('/debug/config_dump?proxyID=nobody');
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ connected: ['ingress-2.istio-system', 'ingress.istio-system'] });
  });

  test('shows what was rejected, and why', async () => {
    await connect({ '0.0.0.0_80': 'no such filter' });
    const { configs } = await get('/debug/config_dump?proxyID=ingress');
    expect(configs[1].dynamicListeners[0]).toMatchObject({
      clientStatus: 'NACKED',
      errorState: { details: expect.stringContaining('no such filter') },
    });
  });
});

describe('/debug/list', () => {
  test('names every debug endpoint, and each of them answers', async () => {
    const names: readonly string[] = await get('/debug/list');
    expect(names).toEqual([
      'adsz',
      'config_dump',
      'configz',
      'connections',
      'diagnostics',
      'endpointz',
      'registryz',
      'syncz',
    ]);
    for (const name of names) {
      expect((await app.request(`/debug/${name}`)).status).toBe(name === 'config_dump' ? 400 : 200);
    }
  });

  test('indents on request', async () => {
    expect(await (await app.request('/debug/list?pretty')).text()).toMatch(/^\[\n {2}"adsz",\n/);
  });
});
