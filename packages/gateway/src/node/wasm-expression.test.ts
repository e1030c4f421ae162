import { fileURLToPath } from 'node:url';
import { compileModule } from '@heddle/testing/compile-module';
import { beforeAll, describe, expect, test } from 'vitest';
import { clusterOf, listenerOf, resourcesOf, startEcho } from '../../test/fixture.ts';
import { startGateway } from '../../test/running-gateway.ts';
import { gateFilter, routerFilter } from '../../test/wasm-gate.ts';

let wasm: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  const entry = fileURLToPath(new URL('../../../wasm-host/test-modules/expression.ts', import.meta.url));
  wasm = (await compileModule(entry, { flags: ['--runtime', 'minimal', '--use', 'abort=expression/abort'] })).wasm;
}, 60_000);

/** A gateway whose only filter lets pass the requests for which an expression is true. */
async function start(upstream: number, expression: string) {
  const listener = listenerOf({
    manager: {
      httpFilters: [gateFilter(wasm, { configuration: expression }), routerFilter],
      routeConfig: {
        name: 'routes',
        virtualHosts: [
          {
            name: 'all',
            domains: ['*'],
            routes: [{ name: 'everything', match: { prefix: '/' }, route: { cluster: 'c' } }],
          },
        ],
      },
    },
  });
  return startGateway(resourcesOf([listener], [clusterOf('c', [upstream])]));
}

/** The status, and what the filter says if it lets not pass. */
async function ask(port: number, path: string, init: RequestInit = {}) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
  const body = await response.text();
  return [response.status, response.status === 200 ? undefined : body];
}

const FINE = [200, undefined];
const REFUSED = [403, 'status 0'];
const NO_VALUE = [403, 'status 10'];
const FORGOTTEN = [403, 'status 1'];

describe('an expression in CEL that a filter evaluates', () => {
  test.each([
    ['request.path', 'request.path.startsWith("/in")', '/in', '/out'],
    ['request.query', 'request.query == "a=b" && request.url_path == "/q"', '/q?a=b', '/q?a=c'],
    ['request.headers', 'request.headers["x-team"] == "blue"', '/blue', '/red'],
    ['request.method and request.scheme', 'request.method + request.scheme == "GEThttp"', '/', '/post'],
    ['source.address', 'source.address.startsWith("127.0.0.1:") && request.path == "/"', '/', '/x'],
    ['plugin_name', 'plugin_name == "gate" && request.path != "/x"', '/', '/x'],
  ])('decides by %s', async (_, expression, fine, refused) => {
    await using echo = await startEcho();
    await using running = await start(echo.port, expression);
    const decide = (path: string) =>
      ask(running.port, path, {
        method: path === '/post' ? 'POST' : 'GET',
        headers: { 'x-team': path.slice(1) },
      });
    expect([await decide(fine), await decide(refused), await decide(fine)]).toEqual([FINE, REFUSED, FINE]);
  });

  test('has no value where an attribute is not there, and is gone when it was deleted', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port, 'request.headers["x-absent"] == "yes" || request.path == "/forget"');
    expect(await ask(running.port, '/', { headers: { 'x-absent': 'yes' } })).toEqual(FINE);
    expect(await ask(running.port, '/')).toEqual(NO_VALUE);
    expect(await ask(running.port, '/forget')).toEqual(FORGOTTEN);
    expect(await ask(running.port, '/', { headers: { 'x-absent': 'yes' } })).toEqual(FORGOTTEN);
  });

  test('that is none keeps the filter from running, and every request from passing', async () => {
    await using echo = await startEcho();
    await using running = await start(echo.port, 'request.path ==');
    expect(await ask(running.port, '/')).toEqual([503, '']);
    expect(running.gateway.inspect().filters).toMatchObject([
      { state: 'failed', problem: expect.stringContaining('refuses its configuration') },
    ]);
  });
});
