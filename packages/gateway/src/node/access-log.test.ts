import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { clusterOf, listenerOf, rawRequest, resourcesOf, startEcho, startServer } from '../../test/fixture.ts';
import { startGateway } from '../../test/running-gateway.ts';
import { fileSink } from './access-log-file.ts';

const fileLog = (more: JsonObject): JsonObject => ({
  accessLog: [
    {
      name: 'file',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
        path: '/log',
        ...more,
      },
    },
  ],
});

/** The lines that one request leaves in the log. */
async function logged(request: string, manager: JsonObject, routes: readonly JsonObject[] = []): Promise<string[]> {
  const lines: string[] = [];
  await using server = await startServer((req, res) => void req.resume().on('end', () => res.end('12345')));
  const all: JsonObject = { match: { prefix: '/' }, route: { cluster: 'c', prefixRewrite: '/new/' }, name: 'all' };
  await using running = await startGateway(
    resourcesOf([listenerOf({ manager, routes: [...routes, all] })], [clusterOf('c', [server.port])]),
    {
      accessLogSink: (path, line) => {
        expect(path).toBe('/log');
        lines.push(line.replaceAll(String(server.port), 'PORT'));
      },
    },
  );
  await rawRequest(running.port, request);
  await running.finishedCount(1);
  return lines;
}

describe('access log', () => {
  test('writes a text format', async () => {
    const format =
      '%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% ' +
      '%BYTES_RECEIVED% %BYTES_SENT% %UPSTREAM_HOST% %UPSTREAM_CLUSTER% %ROUTE_NAME% %REQ(X-NONE)% %RESP(X-NONE)% %UPSTREAM_REQUEST_ATTEMPT_COUNT%\n';
    const lines = await logged(
      'POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
      fileLog({ logFormat: { textFormatSource: { inlineString: format } } }),
    );
    expect(lines).toEqual(['POST /a?b HTTP/1.1 200 - via_upstream 3 5 127.0.0.1:PORT c all - - 1\n']);
  });

  test("writes Envoy's default format when none is given", async () => {
    const [line] = await logged('GET /a HTTP/1.1\r\nHost: shop\r\nUser-Agent: T\r\n\r\n', fileLog({}));
    expect(line).toMatch(
      /^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] "GET \/a HTTP\/1\.1" 200 - 0 5 \d+ \d+ "-" "T" "[0-9a-f-]{36}" "shop" "127\.0\.0\.1:PORT"\n$/,
    );
  });

  test('writes JSON with sorted keys and null for what is missing', async () => {
    const [line] = await logged(
      'GET /a HTTP/1.1\r\nHost: shop\r\n\r\n',
      fileLog({ logFormat: { jsonFormat: { path: '%REQ(:PATH)%', none: '%REQ(X-NONE)%', code: '%RESPONSE_CODE%' } } }),
    );
    expect(line).toBe('{"code":200,"none":null,"path":"/new/a"}\n');
  });

  test.each<[string, string, string]>([
    ['a message that is no request', 'hello\r\n\r\n', '- - 400 DPE http1.codec_error\n'],
    ['an underscore', 'GET / HTTP/1.1\r\nHost: a\r\nx_y: 1\r\n\r\n', '- - 400 DPE http1.unexpected_underscore\n'],
    ['no route', 'GET /nope HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /nope 404 NR route_not_found\n'],
    ['no cluster', 'GET /nc HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /nc 503 NC cluster_not_found\n'],
    ['a direct response', 'GET /direct HTTP/1.1\r\nHost: a\r\n\r\n', 'GET /direct 200 - direct_response\n'],
  ])('names %s', async (_, request, line) => {
    const format = '%REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\n';
    const routes: JsonObject[] = [
      { match: { path: '/nope', headers: [{ name: 'never', presentMatch: true }] }, directResponse: { status: 200 } },
      { match: { path: '/nc' }, route: { cluster: 'nope' } },
      { match: { path: '/direct' }, directResponse: { status: 200 } },
    ];
    const manager: JsonObject = {
      ...fileLog({ logFormat: { textFormatSource: { inlineString: format } } }),
      commonHttpProtocolOptions: { headersWithUnderscoresAction: 'REJECT_REQUEST' },
      routeConfig: { virtualHosts: [{ name: 'all', domains: ['*'], routes }] },
    };
    expect(await logged(request, manager)).toEqual([line]);
  });

  test('is off without a sink and says what it cannot write', async () => {
    await using running = await startGateway(
      resourcesOf([listenerOf({ manager: { accessLog: [{ name: 'x', filter: { notHealthCheckFilter: {} } }] } })], []),
    );
    expect(running.gateway.inspect().problems).toEqual([
      {
        kind: 'listener',
        name: 'web',
        message: 'access_log "x" has a filter, which is not implemented: it is not written',
      },
    ]);
  });
});

test('fileSink appends lines in order and flushes on demand', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-log-'));
  const path = join(folder, 'access.log');
  const sink = fileSink(60_000);
  sink.write(path, 'one \u00e9\n');
  sink.write(path, 'two\n');
  await sink.flush();
  sink.write(path, 'three\n');
  await sink.flush();
  expect(readFileSync(path, 'latin1')).toBe('one \u00e9\ntwo\nthree\n');
  rmSync(folder, { recursive: true });
});

test('counters tell what was served', async () => {
  await using echo = await startEcho();
  await using running = await startGateway(
    resourcesOf(
      [listenerOf({ routes: [{ match: { prefix: '/' }, route: { cluster: 'c' } }] })],
      [clusterOf('c', [echo.port])],
    ),
  );
  await rawRequest(running.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await rawRequest(running.port, 'GARBAGE\r\n\r\n');
  await running.finishedCount(2);
  const { listeners, clusters } = running.gateway.inspect();
  expect(listeners[0]?.stats).toMatchObject({
    downstreamRequestsTotal: 2,
    downstreamRequestsActive: 0,
    downstreamConnectionsTotal: 2,
    responses2xx: 1,
    responses4xx: 1,
    downstreamProtocolErrors: 1,
  });
  expect(clusters[0]).toMatchObject({
    name: 'c',
    stats: { upstreamRequestsTotal: 1, upstreamRequestsActive: 0 },
    endpoints: [{ address: `127.0.0.1:${echo.port}`, health: 'healthy', requestsTotal: 1, requestsActive: 0 }],
  });
});
