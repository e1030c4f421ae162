import { afterEach, describe, expect, test } from 'vitest';
import { clusterOf, type Echo, listenerOf, rawRequest, resourcesOf, startEcho } from '../../test/fixture.ts';
import type { GatewayResources } from '../runtime/resources.ts';
import {
  createStandaloneGateway,
  type StandaloneGateway,
  type StandaloneGatewayOptions,
} from './standalone-gateway.ts';

const gateways: StandaloneGateway[] = [];

afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.close({ drainTimeoutMs: 0 })));
});

async function start(resources: GatewayResources, options: StandaloneGatewayOptions = {}) {
  const gateway = createStandaloneGateway({ ownAddress: '10.9.8.7', ...options });
  gateways.push(gateway);
  await gateway.apply(resources);
  return { gateway, port: gateway.addresses().get('web')?.port ?? 0 };
}

describe('createStandaloneGateway', () => {
  test('forwards a request to the endpoint its route names', async () => {
    await using echo = await startEcho();
    const { port } = await start(
      resourcesOf(
        [listenerOf({ routes: [{ match: { prefix: '/' }, route: { cluster: 'echo' } }] })],
        [clusterOf('echo', [echo.port])],
      ),
    );
    const response = await rawRequest(port, 'GET /a?b=1 HTTP/1.1\r\nHost: Shop.example\r\nX-A: 1\r\n\r\n');
    expect(response.status).toBe(200);
    const seen = JSON.parse(response.body) as Echo;
    expect(seen).toMatchObject({ method: 'GET', path: '/a?b=1', body: '' });
    expect(seen.headers).toMatchObject({ host: 'Shop.example', 'x-a': '1', 'x-forwarded-proto': 'http' });
    expect(response.headers).toMatchObject({ server: 'envoy', 'x-served-by': 'echo' });
  });

  test('answers 404 where no route matches', async () => {
    const { port } = await start(resourcesOf([listenerOf({})], []));
    const response = await rawRequest(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(response).toMatchObject({ status: 404, body: '' });
  });
});
