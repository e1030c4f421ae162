import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { clusterOf, type Echo, listenerOf, rawRequest, resourcesOf, startEcho } from '../../test/fixture.ts';
import { startGateway } from '../../test/running-gateway.ts';

const toEcho: JsonObject = { match: { prefix: '/' }, route: { cluster: 'echo' } };
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

async function echoed(
  request: string,
  manager: JsonObject = {},
  routes: readonly JsonObject[] = [toEcho],
  more: JsonObject = {},
) {
  await using echo = await startEcho();
  await using running = await startGateway(
    resourcesOf([listenerOf({ routes, manager, virtualHost: more })], [clusterOf('echo', [echo.port])]),
  );
  const response = await rawRequest(running.port, request);
  return { response, seen: response.status === 200 ? (JSON.parse(response.body) as Echo) : undefined };
}

describe('request headers', () => {
  test('reach the endpoint as sent, without fields of the hop', async () => {
    const { seen } = await echoed(
      'GET /a?b=1 HTTP/1.1\r\nHost: Shop.example:80\r\nX-A: 1\r\nx-a: 2\r\nConnection: keep-alive, x-hop\r\nx-hop: 1\r\nTE: gzip, trailers\r\n' +
        'Keep-Alive: 3\r\nProxy-Connection: x\r\nForwarded: x\r\n\r\n',
    );
    expect(seen).toMatchObject({ method: 'GET', path: '/a?b=1', body: '' });
    const { 'x-request-id': id, ...headers } = seen?.headers ?? {};
    expect(id).toMatch(uuid);
    expect(headers).toEqual({
      host: 'Shop.example:80',
      'x-a': '1, 2',
      te: 'trailers',
      forwarded: 'x',
      'x-forwarded-proto': 'http',
      'x-envoy-expected-rq-timeout-ms': '15000',
    });
  });

  test('of an edge request are what the gateway knows, not what the client says', async () => {
    const { seen } = await echoed(
      'GET / HTTP/1.1\r\nHost: a\r\nx-request-id: mine\r\nx-forwarded-for: 1.2.3.4\r\nx-forwarded-proto: https\r\nx-envoy-internal: true\r\n' +
        'x-envoy-retry-on: 5xx\r\nx-envoy-original-path: /z\r\nx-envoy-other: 1\r\nx-forwarded-client-cert: c\r\n' +
        'x-envoy-decorator-operation: d\r\nx-envoy-upstream-rq-timeout-ms: 7\r\n\r\n',
      { useRemoteAddress: true },
    );
    const { 'x-request-id': id, ...headers } = seen?.headers ?? {};
    expect(id).toMatch(uuid);
    expect(headers).toEqual({
      host: 'a',
      'x-forwarded-for': '1.2.3.4,10.9.8.7',
      'x-forwarded-proto': 'http',
      'x-envoy-external-address': '127.0.0.1',
      'x-envoy-other': '1',
      'x-envoy-expected-rq-timeout-ms': '15000',
    });
  });

  test.each<[string, JsonObject, string, Record<string, string | undefined>]>([
    [
      'preserveExternalRequestId',
      { useRemoteAddress: true, preserveExternalRequestId: true },
      'x-request-id: mine',
      { 'x-request-id': 'mine' },
    ],
    ['no edge: the id stays', {}, 'x-request-id: mine', { 'x-request-id': 'mine' }],
    ['generateRequestId false', { generateRequestId: false }, 'x-b: 1', { 'x-request-id': undefined }],
    ['skipXffAppend', { useRemoteAddress: true, skipXffAppend: true }, 'x-b: 1', { 'x-forwarded-for': undefined }],
    [
      'xffNumTrustedHops',
      { useRemoteAddress: true, xffNumTrustedHops: 1 },
      'x-forwarded-for: 9.9.9.9',
      { 'x-envoy-external-address': '9.9.9.9' },
    ],
    [
      'internalAddressConfig',
      { useRemoteAddress: true, internalAddressConfig: { cidrRanges: [{ addressPrefix: '127.0.0.0', prefixLen: 8 }] } },
      'x-envoy-upstream-rq-timeout-ms: 7000',
      {
        'x-envoy-internal': 'true',
        'x-envoy-expected-rq-timeout-ms': '7000',
        'x-envoy-upstream-rq-timeout-ms': undefined,
      },
    ],
    ['via', { via: 'gw' }, 'via: first', { via: 'first,gw' }],
    [
      'underscores dropped',
      { commonHttpProtocolOptions: { headersWithUnderscoresAction: 'DROP_HEADER' } },
      'a_b: 1',
      { a_b: undefined },
    ],
    ['a referer that is no URL', {}, 'referer: bad ref', { referer: undefined }],
    [
      'ALWAYS_FORWARD_ONLY',
      { forwardClientCertDetails: 'ALWAYS_FORWARD_ONLY' },
      'x-forwarded-client-cert: c',
      { 'x-forwarded-client-cert': 'c' },
    ],
    [
      'appendXForwardedPort',
      { useRemoteAddress: true, appendXForwardedPort: true },
      'x-b: 1',
      { 'x-forwarded-port': expect.stringMatching(/^\d+$/) as string },
    ],
  ])('%s', async (_, manager, line, expected) => {
    const { seen } = await echoed(`GET / HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`, manager);
    for (const [name, value] of Object.entries(expected)) expect(seen?.headers[name]).toEqual(value);
  });

  test.each<[string, string, Record<string, string | undefined>]>([
    ['POST without a body says so', 'POST / HTTP/1.1\r\nHost: a\r\n\r\n', { 'content-length': '0' }],
    ['GET without a body says nothing', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', { 'content-length': undefined }],
    [
      'GET that says so keeps saying',
      'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n',
      { 'content-length': '0' },
    ],
    [
      'a length stays a length',
      'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
      { 'content-length': '3', 'transfer-encoding': undefined },
    ],
    [
      'chunked stays chunked',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      { 'transfer-encoding': 'chunked' },
    ],
  ])('framing: %s', async (_, request, expected) => {
    const { seen } = await echoed(request);
    for (const [name, value] of Object.entries(expected)) expect(seen?.headers[name]).toBe(value);
    if (request.endsWith('abc') || request.includes('\nabc')) expect(seen?.body).toBe('abc');
  });
});

describe('routes', () => {
  test('rewrite path and host and say what they were', async () => {
    const { seen } = await echoed('GET /rw/a?b=1 HTTP/1.1\r\nHost: A.example\r\n\r\n', {}, [
      {
        match: { prefix: '/rw' },
        route: {
          cluster: 'echo',
          prefixRewrite: '/new',
          hostRewriteLiteral: 'new.host',
          appendXForwardedHost: true,
          timeout: '0s',
        },
        requestHeadersToAdd: [{ header: { key: 'x-client', value: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%' } }],
        requestHeadersToRemove: ['x-forwarded-proto'],
      },
    ]);
    const { 'x-request-id': _, ...headers } = seen?.headers ?? {};
    expect(seen?.path).toBe('/new/a?b=1');
    expect(headers).toEqual({
      host: 'new.host',
      'x-client': '127.0.0.1',
      'x-forwarded-host': 'A.example',
      'x-envoy-original-host': 'A.example',
      'x-envoy-original-path': '/rw/a?b=1',
    });
  });

  test('count attempts in request and response when the virtual host says so', async () => {
    const { seen, response } = await echoed('GET / HTTP/1.1\r\nHost: a\r\n\r\n', {}, [toEcho], {
      includeRequestAttemptCount: true,
      includeAttemptCountInResponse: true,
    });
    expect(seen?.headers['x-envoy-attempt-count']).toBe('1');
    expect(response.headers['x-envoy-attempt-count']).toBe('1');
  });

  test('suppressed Envoy headers are absent on both sides', async () => {
    await using echo = await startEcho();
    await using running = await startGateway(
      resourcesOf(
        [listenerOf({ routes: [toEcho], router: { suppressEnvoyHeaders: true } })],
        [clusterOf('echo', [echo.port])],
      ),
    );
    const response = await rawRequest(running.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(response.headers['x-envoy-upstream-service-time']).toBeUndefined();
    expect((JSON.parse(response.body) as Echo).headers['x-envoy-expected-rq-timeout-ms']).toBeUndefined();
  });
});

// What the real Envoy 1.40 answered to the same bytes, with the same connection manager.
describe('answers of its own', () => {
  const manager: JsonObject = {
    serverName: 'istio-envoy',
    useRemoteAddress: true,
    normalizePath: true,
    mergeSlashes: true,
    pathWithEscapedSlashesAction: 'UNESCAPE_AND_REDIRECT',
    commonHttpProtocolOptions: { headersWithUnderscoresAction: 'REJECT_REQUEST', maxHeadersCount: 20 },
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    routeConfig: {
      name: 'r',
      validateClusters: false,
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          responseHeadersToAdd: [{ header: { key: 'x-vh', value: '1' } }],
          routes: [
            {
              match: { path: '/direct' },
              directResponse: { status: 203, body: { inlineString: 'hello' } },
              responseHeadersToAdd: [{ header: { key: 'x-rt', value: '1' } }],
            },
            { match: { path: '/redirect' }, redirect: { hostRedirect: 'other.example', pathRedirect: '/x' } },
            { match: { path: '/nocluster' }, route: { cluster: 'nope' } },
            { match: { path: '/404' }, route: { cluster: 'nope', clusterNotFoundResponseCode: 'NOT_FOUND' } },
            { match: { path: '/empty' }, route: { cluster: 'empty' } },
          ],
        },
      ],
    },
  };
  const text = { 'content-type': 'text/plain' };
  const big = `GET / HTTP/1.1\r\nHost: a\r\nbig: ${'x'.repeat(70_000)}\r\n\r\n`;
  const many = `GET / HTTP/1.1\r\nHost: a\r\n${Array.from({ length: 30 }, (_, i) => `h${i}: 1\r\n`).join('')}\r\n`;
  const head = 'HTTP/1.1\r\nHost: a\r\n';

  test.each<[string, string, number, string, Record<string, string | undefined>]>([
    [
      'direct response',
      `GET /direct ${head}\r\n`,
      203,
      'hello',
      { ...text, 'x-rt': '1', 'x-vh': '1', 'content-length': '5' },
    ],
    ['HEAD of a direct response', `HEAD /direct ${head}\r\n`, 203, '', { ...text, 'content-length': '5' }],
    [
      'redirect',
      `GET /redirect ${head}\r\n`,
      301,
      '',
      { location: 'http://other.example/x', 'content-length': '0', 'x-vh': '1', 'content-type': undefined },
    ],
    ['no cluster', `GET /nocluster ${head}\r\n`, 503, '', { 'content-length': '0', 'x-vh': '1' }],
    ['no cluster with a status of its own', `GET /404 ${head}\r\n`, 404, '', {}],
    ['no healthy endpoint', `GET /empty ${head}\r\n`, 503, 'no healthy upstream', { ...text, connection: undefined }],
    [
      'no healthy endpoint for gRPC',
      `POST /empty ${head}content-type: application/grpc\r\n\r\n`,
      200,
      '',
      {
        'content-type': 'application/grpc',
        'grpc-status': '14',
        'grpc-message': 'no healthy upstream',
        'content-length': '0',
      },
    ],
    [
      'an unread body closes the connection',
      `POST /empty ${head}Content-Length: 3\r\n\r\n`,
      503,
      'no healthy upstream',
      { connection: 'close' },
    ],
    ['no route', `GET /other ${head}\r\n`, 404, '', { 'content-length': '0', 'x-vh': undefined }],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400, '', { connection: 'close', 'x-vh': undefined }],
    ['HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\n\r\n', 426, 'Upgrade Required', { ...text, connection: 'close' }],
    ['OPTIONS *', `OPTIONS * ${head}\r\n`, 404, '', { connection: undefined }],
    ['CONNECT', 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n', 404, '', { connection: 'close' }],
    ['a path without slash', `GET foo ${head}\r\n`, 400, 'Bad Request', { ...text, connection: 'close' }],
    ['a fragment', `GET /direct#x ${head}\r\n`, 400, '', { connection: 'close' }],
    ['an escaped slash', `GET /a%2Fb ${head}\r\n`, 307, '', { location: '/a/b' }],
    ['an escaped zero', `GET /a%00b ${head}\r\n`, 400, '', { connection: 'close' }],
    ['dot segments', `GET /x/..//direct ${head}\r\n`, 203, 'hello', {}],
    ['an underscore', `GET /direct ${head}x_y: 1\r\n\r\n`, 400, 'Bad Request', { connection: 'close' }],
    ['too many headers', many, 431, 'Request Header Fields Too Large', { connection: 'close' }],
    ['too large headers', big, 431, 'Request Header Fields Too Large', { connection: 'close' }],
    [
      'length and chunked',
      `POST / ${head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      'Bad Request',
      { connection: 'close' },
    ],
    [
      'two lengths',
      `POST / ${head}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
      400,
      'Bad Request',
      { connection: 'close' },
    ],
    [
      'two equal lengths',
      `POST / ${head}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
      400,
      'Bad Request',
      { connection: 'close' },
    ],
    ['a space in a name', `GET / ${head}x y: a\r\n\r\n`, 400, 'Bad Request', { connection: 'close' }],
    ['a space before the colon', `GET / ${head}x : a\r\n\r\n`, 400, 'Bad Request', { connection: 'close' }],
    ['a control character', `GET / ${head}x: a\x01b\r\n\r\n`, 400, 'Bad Request', { connection: 'close' }],
    ['a zero byte', `GET / ${head}x: a\x00b\r\n\r\n`, 400, 'Bad Request', { connection: 'close' }],
    ['no HTTP at all', 'hello\r\n\r\n', 400, 'Bad Request', { connection: 'close', server: 'istio-envoy' }],
    [
      'another transfer coding',
      `POST / ${head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
      501,
      'Not Implemented',
      { connection: 'close' },
    ],
    [
      'the identity coding',
      `POST / ${head}Transfer-Encoding: identity\r\n\r\n`,
      501,
      'Not Implemented',
      { connection: 'close' },
    ],
    ['an unknown method', `FOO / ${head}\r\n`, 400, 'Bad Request', { connection: 'close' }],
    ['an invalid authority', 'GET / HTTP/1.1\r\nHost: a b/c\r\n\r\n', 400, 'Bad Request', { connection: 'close' }],
    ['bytes above ASCII in a path', `GET /\xe9 ${head}\r\n`, 400, 'Bad Request', { connection: 'close' }],
    [
      'an upgrade that is not configured',
      `GET /empty ${head}Connection: Upgrade\r\nUpgrade: foo\r\n\r\n`,
      403,
      '',
      { connection: 'close', 'x-vh': '1' },
    ],
    ['Connection naming x-forwarded-for', `GET / ${head}Connection: x-forwarded-for\r\n\r\n`, 400, '', {}],
    // Stricter than Envoy, which unfolds and accepts these: RFC 9112 sections 5.2 and 2.2 let a server refuse them.
    ['a folded line', `GET / ${head}x: a\r\n b\r\n\r\n`, 400, 'Bad Request', { connection: 'close' }],
    ['bare line feeds', 'GET /direct HTTP/1.1\nHost: a\n\n', 400, 'Bad Request', { connection: 'close' }],
  ])('%s', async (_, request, status, body, headers) => {
    await using running = await startGateway(resourcesOf([listenerOf({ manager })], [clusterOf('empty', [])]));
    const response = await rawRequest(running.port, request);
    expect(response.status).toBe(status);
    expect(response.body).toBe(body);
    expect(response.headers).toMatchObject({ server: 'istio-envoy', date: expect.stringMatching(/GMT$/) as string });
    for (const [name, value] of Object.entries(headers)) expect(response.headers[name]).toBe(value);
  });
});

test('a request head that does not arrive in time is answered 408', async () => {
  await using running = await startGateway(
    resourcesOf([listenerOf({ manager: { requestHeadersTimeout: '0.2s' } })], []),
  );
  const response = await rawRequest(running.port, 'GET / HTTP/1.1\r\nHost: a\r\n');
  expect(response).toMatchObject({ status: 408, body: 'request header timeout' });
});

test('Expect: 100-continue is answered by the gateway and not sent on', async () => {
  const { response, seen } = await echoed(
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc',
  );
  // The interim response comes first in what was read.
  expect(response.status).toBe(100);
  expect(response.body).toContain('HTTP/1.1 200 OK');
  expect(response.body).not.toContain('"expect"');
  expect(seen).toBeUndefined();
});

test('requests on one connection are answered in order', async () => {
  await using echo = await startEcho();
  await using running = await startGateway(
    resourcesOf(
      [listenerOf({ routes: [{ match: { path: '/direct' }, directResponse: { status: 204 } }, toEcho] })],
      [clusterOf('echo', [echo.port])],
    ),
  );
  const { text } = await rawRequest(
    running.port,
    'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /direct HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  );
  void text;
  await running.finishedCount(3);
  expect(running.finished.map(({ path }) => path).sort()).toEqual(['/1', '/3', '/direct']);
});
