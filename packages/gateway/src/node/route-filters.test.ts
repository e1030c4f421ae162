import { connect } from 'node:net';
import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { clusterOf, listenerOf, resourcesOf, startEcho } from '../../test/fixture.ts';
import { startGateway } from '../../test/running-gateway.ts';

const type = (name: string) => `type.googleapis.com/envoy.extensions.filters.http.${name}`;
const router: JsonObject = { name: 'envoy.filters.http.router', typedConfig: { '@type': type('router.v3.Router') } };
const fault = (fields: JsonObject): JsonObject => ({ '@type': type('fault.v3.HTTPFault'), ...fields });
const cors = (fields: JsonObject): JsonObject => ({ '@type': type('cors.v3.CorsPolicy'), ...fields });
const always: JsonObject = { numerator: 100 };

interface Options {
  readonly listenerFault?: JsonObject;
  readonly routes?: readonly JsonObject[];
  readonly virtualHost?: JsonObject;
}

function start(port: number, { listenerFault = {}, routes = [], virtualHost = {} }: Options) {
  const httpFilters = [
    { name: 'envoy.filters.http.fault', typedConfig: fault(listenerFault) },
    { name: 'envoy.filters.http.cors', typedConfig: { '@type': type('cors.v3.Cors') } },
    router,
  ];
  const everything: JsonObject = { match: { prefix: '/' }, route: { cluster: 'c' } };
  const manager: JsonObject = {
    httpFilters,
    routeConfig: {
      name: 'routes',
      virtualHosts: [{ name: 'all', domains: ['*'], routes: [...routes, everything], ...virtualHost }],
    },
  };
  return startGateway(resourcesOf([listenerOf({ manager })], [clusterOf('c', [port])]));
}

describe('the fault filter', () => {
  test('obeys the listener where a route says nothing, and the route where it does', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port, {
      listenerFault: { abort: { httpStatus: 503, percentage: always } },
      routes: [
        {
          match: { prefix: '/own' },
          route: { cluster: 'c' },
          typedPerFilterConfig: {
            'envoy.filters.http.fault': fault({ abort: { httpStatus: 418, percentage: always } }),
          },
        },
        {
          match: { prefix: '/spared' },
          route: { cluster: 'c' },
          typedPerFilterConfig: { 'envoy.filters.http.fault': fault({}) },
        },
      ],
    });
    const statusOf = async (path: string) => (await fetch(`http://127.0.0.1:${running.port}${path}`)).status;
    expect([await statusOf('/'), await statusOf('/own'), await statusOf('/spared')]).toEqual([503, 418, 200]);
    expect(running.finished.map(({ responseFlags }) => responseFlags)).toEqual([['FI'], ['FI'], []]);
  });

  test('concerns only requests with the wanted headers and from the wanted nodes', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port, {
      listenerFault: {
        abort: { httpStatus: 503, percentage: always },
        headers: [{ name: 'x-fault', stringMatch: { exact: 'yes' } }],
        downstreamNodes: ['here'],
      },
    });
    const statusOf = async (headers: Record<string, string>) =>
      (await fetch(`http://127.0.0.1:${running.port}/`, { headers })).status;
    expect(await statusOf({ 'x-fault': 'yes', 'x-envoy-downstream-service-node': 'here' })).toBe(503);
    expect(await statusOf({ 'x-fault': 'yes', 'x-envoy-downstream-service-node': 'there' })).toBe(200);
    expect(await statusOf({ 'x-fault': 'no', 'x-envoy-downstream-service-node': 'here' })).toBe(200);
    expect(await statusOf({ 'x-fault': 'yes' })).toBe(200);
  });

  test('strikes no more requests at once than it may', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port, {
      listenerFault: { delay: { fixedDelay: '60s', percentage: always }, maxActiveFaults: 1 },
    });
    const held = connect(running.port, '127.0.0.1');
    held.write('GET /held HTTP/1.1\r\nHost: a\r\n\r\n');
    while (running.gateway.inspect().listeners.every(({ stats }) => stats.downstreamRequestsActive === 0)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect((await fetch(`http://127.0.0.1:${running.port}/free`)).status).toBe(200);
    held.destroy();
    const [free, left] = await running.finishedCount(2);
    expect(free?.responseFlags).toEqual([]);
    // The one that waited never reached the endpoint, and counts no more.
    expect(left).toMatchObject({ responseFlags: ['DI', 'DC'], attempts: 0 });
    const again = connect(running.port, '127.0.0.1');
    again.write('GET /again HTTP/1.1\r\nHost: a\r\n\r\n');
    while (running.gateway.inspect().listeners.every(({ stats }) => stats.downstreamRequestsActive === 0)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    again.destroy();
    expect((await running.finishedCount(3))[2]?.responseFlags).toEqual(['DI', 'DC']);
  });

  test('names what it does not implement', async () => {
    await using running = await start(1, {
      listenerFault: {
        delay: { headerDelay: {}, percentage: always },
        abort: { headerAbort: {}, percentage: always },
        responseRateLimit: { fixedLimit: { limitKbps: '1' } },
        upstreamCluster: 'c',
      },
    });
    expect(running.gateway.inspect().problems.map(({ message }) => message)).toEqual(
      ['delay.header_delay', 'abort.header_abort', 'response_rate_limit', 'upstream_cluster'].map(
        (field) => `${field} of "envoy.filters.http.fault" is not implemented`,
      ),
    );
  });
});

describe('the CORS filter', () => {
  test('takes what a route leaves open from its virtual host', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port, {
      routes: [
        {
          match: { prefix: '/own' },
          route: { cluster: 'c' },
          typedPerFilterConfig: { 'envoy.filters.http.cors': cors({ allowMethods: 'PUT' }) },
        },
      ],
      virtualHost: {
        typedPerFilterConfig: {
          'envoy.filters.http.cors': cors({
            allowOriginStringMatch: [{ exact: 'https://a.test' }],
            allowMethods: 'GET',
            maxAge: '7',
            allowPrivateNetworkAccess: true,
          }),
        },
      },
    });
    const preflight = async (path: string) => {
      const headers = {
        origin: 'https://a.test',
        'access-control-request-method': 'PUT',
        'access-control-request-private-network': 'true',
      };
      const response = await fetch(`http://127.0.0.1:${running.port}${path}`, { method: 'OPTIONS', headers });
      const { origin, methods, age, network } = {
        origin: response.headers.get('access-control-allow-origin'),
        methods: response.headers.get('access-control-allow-methods'),
        age: response.headers.get('access-control-max-age'),
        network: response.headers.get('access-control-allow-private-network'),
      };
      return [response.status, origin, methods, age, network];
    };
    expect(await preflight('/own')).toEqual([200, 'https://a.test', 'PUT', '7', 'true']);
    expect(await preflight('/')).toEqual([200, 'https://a.test', 'GET', '7', 'true']);
    expect(running.finished.map(({ responseDetails }) => responseDetails)).toEqual(['cors_response', 'cors_response']);
  });

  test('does nothing on routes whose policy is switched off', async () => {
    await using echo = await startEcho();
    const off = { filterEnabled: { defaultValue: { numerator: 0 } }, allowOriginStringMatch: [{ exact: '*' }] };
    await using running = await start(echo.port, {
      virtualHost: { typedPerFilterConfig: { 'envoy.filters.http.cors': cors(off) } },
    });
    const response = await fetch(`http://127.0.0.1:${running.port}/`, { headers: { origin: 'https://a.test' } });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });
});

test('a per-route configuration of another type than its filter wants is a problem with a name', async () => {
  await using running = await start(1, {
    virtualHost: { typedPerFilterConfig: { 'envoy.filters.http.cors': fault({}) } },
  });
  expect(running.gateway.inspect().problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('typed_per_filter_config "envoy.filters.http.cors" is type.googleapis.com/envoy'),
  ]);
});
