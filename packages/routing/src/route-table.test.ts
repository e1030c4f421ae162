import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { RouteConfigurationSchema } from '@heddle/envoy-api/route';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { requestView } from './request-view.ts';
import { compileRouteConfiguration, matchRoute } from './route-table.ts';
import { RoutingError } from './routing-error.ts';

function tableOf(routes: JsonObject[], more: JsonObject = {}) {
  return compileRouteConfiguration(
    fromJson(RouteConfigurationSchema, {
      name: 'test',
      virtualHosts: [{ name: 'all', domains: ['*'], routes }],
      ...more,
    }),
  );
}

function find(routes: JsonObject[], path: string, headers: string[] = [], random = 0): number | undefined {
  const request = requestView({ method: 'GET', scheme: 'http', authority: 'a.test', path, headers });
  return matchRoute(tableOf(routes), request, random)?.routeIndex;
}

const to = (match: JsonObject): JsonObject => ({ match, route: { cluster: 'c' } });

describe('matchRoute', () => {
  test.each([
    ['the first route that matches wins', [to({ prefix: '/a' }), to({ path: '/a' })], '/a', 0],
    ['the query string is not part of the path', [to({ path: '/a' })], '/a?b', 0],
    ['an exact path is not a prefix', [to({ path: '/a' })], '/ab', undefined],
    ['a separated prefix ends at a slash', [to({ pathSeparatedPrefix: '/a' })], '/ab', undefined],
    ['a regular expression matches the whole path', [to({ safeRegex: { regex: '/a' } })], '/ab', undefined],
    ['case is ignored when asked', [to({ prefix: '/A', caseSensitive: false })], '/ab', 0],
  ] as [string, JsonObject[], string, number | undefined][])('%s', (_, routes, path, wanted) => {
    expect(find(routes, path)).toBe(wanted);
  });

  test('a runtime fraction takes its share of the random numbers', () => {
    const routes = [
      to({ prefix: '/', runtimeFraction: { defaultValue: { numerator: 30, denominator: 'HUNDRED' } } }),
      to({ prefix: '/' }),
    ];
    const taken = Array.from({ length: 100 }, (_, random) => find(routes, '/', [], random)).filter((i) => i === 0);
    expect(taken).toHaveLength(30);
  });

  test('one value of a repeated header is enough', () => {
    const routes = [to({ prefix: '/', headers: [{ name: 'x', stringMatch: { exact: 'b' } }] })];
    expect(find(routes, '/', ['x', 'a', 'x', 'b'])).toBe(0);
    expect(find(routes, '/', ['x', 'a,b'])).toBe(undefined);
  });

  test('a virtual host that requires TLS answers plain requests itself', () => {
    const table = compileRouteConfiguration(
      fromJson(RouteConfigurationSchema, {
        virtualHosts: [{ name: 'v', domains: ['*'], requireTls: 'ALL', routes: [to({ prefix: '/' })] }],
      }),
    );
    const ask = (scheme: string) =>
      matchRoute(table, requestView({ method: 'GET', scheme, authority: 'a', path: '/', headers: [] }), 0);
    expect(ask('http')).toMatchObject({ routeIndex: -1, route: { action: { kind: 'tls-redirect' } } });
    expect(ask('https')).toMatchObject({ routeIndex: 0 });
  });

  test.each<[number, string | undefined]>([
    [200, undefined],
    [201, 'http://a.test:80/p?q'],
    [204, undefined],
    [300, 'http://a.test:80/p?q'],
    [399, 'http://a.test:80/p?q'],
    [400, undefined],
  ])('a direct response of status %i has the location %s', (status, wanted) => {
    const table = tableOf([{ match: { prefix: '/' }, directResponse: { status } }]);
    const request = requestView({ method: 'GET', scheme: 'http', authority: 'a.test:80', path: '/p?q', headers: [] });
    const action = matchRoute(table, request, 0)?.route.action;
    expect(action).toMatchObject({ kind: 'direct-response', status });
    expect(action?.kind === 'direct-response' ? action.location?.(request) : 'no answer').toBe(wanted);
  });

  test('many routes are found as few are: the index changes no answer', () => {
    const path = fc.stringMatching(/^\/[ab/A]{0,4}$/);
    const match = fc.oneof(
      path.map((prefix) => ({ prefix })),
      path.map((text) => ({ path: text })),
      path.map((prefix) => ({ prefix, caseSensitive: false })),
      fc.constantFrom('/a.*', '/[ab]+', '.*b').map((regex) => ({ safeRegex: { regex } })),
    );
    fc.assert(
      fc.property(fc.array(match, { minLength: 20, maxLength: 60 }), path, (matches, asked) => {
        const one = matches.findIndex((candidate) => find([to(candidate)], asked) === 0);
        expect(find(matches.map(to), asked)).toBe(one < 0 ? undefined : one);
      }),
      { numRuns: 60 },
    );
  });

  test('never throws, whatever the request', () => {
    const table = tableOf([
      to({ safeRegex: { regex: '(a*)*b' } }),
      to({ prefix: '/x', queryParameters: [{ name: 'q', stringMatch: { contains: 'z' } }] }),
      to({ prefix: '/', headers: [{ name: 'x', rangeMatch: { start: '1', end: '5' } }] }),
    ]);
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.array(fc.string()), fc.nat(), (authority, path, headers, random) => {
        const even = headers.length % 2 === 0 ? headers : headers.slice(1);
        matchRoute(table, requestView({ method: 'GET', scheme: 'http', authority, path, headers: even }), random);
      }),
    );
  });

  test('an expression that explodes under backtracking stays linear', () => {
    const table = tableOf([to({ safeRegex: { regex: '/(a|a|aa)*(b|b)*$c' } }), to({ prefix: '/' })]);
    const path = `/${'a'.repeat(20_000)}`;
    expect(
      matchRoute(table, requestView({ method: 'GET', scheme: 'http', authority: 'a', path, headers: [] }), 0),
    ).toMatchObject({
      routeIndex: 1,
    });
  });
});

describe('compileRouteConfiguration', () => {
  test.each([
    ['invalid-regex', 'virtualHosts[0].routes[0].match', [to({ safeRegex: { regex: '(' } })]],
    ['invalid-regex', 'virtualHosts[0].routes[0].match', [to({ safeRegex: { regex: '' } })]],
    ['invalid-regex', 'virtualHosts[0].routes[0].match', [to({ safeRegex: { regex: '(?=a)' } })]],
    ['invalid-route', 'virtualHosts[0].routes[1]', [to({ prefix: '/' }), { match: { prefix: '/' } }]],
    ['unsupported', 'virtualHosts[0].routes[0].match', [to({ prefix: '/', dynamicMetadata: [{ filter: 'f' }] })]],
    [
      'invalid-format',
      'virtualHosts[0].routes[0].requestHeaders',
      [{ ...to({ prefix: '/' }), requestHeadersToAdd: [{ header: { key: 'x', value: '100%' } }] }],
    ],
    [
      'invalid-header',
      'virtualHosts[0].routes[0].responseHeaders',
      [{ ...to({ prefix: '/' }), responseHeadersToRemove: [':status'] }],
    ],
    [
      'invalid-route',
      'virtualHosts[0].routes[0].route.weightedClusters',
      [{ match: { prefix: '/' }, route: { weightedClusters: { clusters: [{ name: 'a', weight: 0 }] } } }],
    ],
  ] as [string, string, JsonObject[]][])('refuses with %s at %s', (code, path, routes) => {
    try {
      tableOf(routes);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(RoutingError);
      expect(error).toMatchObject({ code, path });
    }
  });

  test('refuses a domain that two virtual hosts claim', () => {
    const hosts = ['a', 'b'].map((name) => ({ name, domains: ['X.test'], routes: [] }));
    expect(() =>
      compileRouteConfiguration(fromJson(RouteConfigurationSchema, { name: 'r', virtualHosts: hosts })),
    ).toThrow('route configuration "r" has domain "X.test" twice');
  });
});
