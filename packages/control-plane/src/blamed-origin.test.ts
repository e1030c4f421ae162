import type { Origin, Provenance } from '@heddle/model';
import { expect, test } from 'vitest';
import { blamedOrigin } from './blamed-origin.ts';

const origin = (name: string, ...path: (string | number)[]): Origin => ({
  resource: { kind: 'VirtualService', namespace: 'shop', name },
  path,
});
const gateway = origin('gateway');
const provenance: Provenance = new Map([
  ['', gateway],
  ['virtualHosts[0]', origin('a')],
  ['virtualHosts[0].routes[1]', origin('a', 'spec', 'http', 1)],
  ['virtualHosts[0].routes[1].route.weightedClusters.clusters[0]', origin('a', 'spec', 'http', 1, 'route', 0)],
  ['virtualHosts[1]', origin('b')],
]);

const host = (index: number) =>
  `RouteConfigurationValidationError.VirtualHosts[${index}]: embedded message failed validation`;
const route = 'VirtualHostValidationError.Routes[1]: embedded message failed validation';
const failed = (...causes: string[]) => `Proto constraint validation failed (${causes.join(' | caused by ')})`;

test.each([
  ['nothing in particular', 'Duplicate entry of domain x in route http.80', gateway],
  ['a virtual host', failed(host(1)), origin('b')],
  ['a field of it', failed(host(1), 'VirtualHostValidationError.Domains: too few'), origin('b')],
  ['a route', failed(host(0), route, 'RouteValidationError.Match: value is required'), origin('a', 'spec', 'http', 1)],
  [
    'a leg of a route',
    failed(
      host(0),
      route,
      'RouteValidationError.Route: x',
      'RouteActionValidationError.WeightedClusters: x',
      'WeightedClusterValidationError.Clusters[0]: x',
    ),
    origin('a', 'spec', 'http', 1, 'route', 0),
  ],
  ['what no object made', failed('RouteConfigurationValidationError.RequestHeadersToAdd[0]: x'), gateway],
  ['the second of two resources', `http.79: ${failed(host(0))}\nhttp.80: ${failed(host(1))}`, origin('b')],
  ['the first of two resources', `http.80: ${failed(host(1))}\nhttp.81: ${failed(host(0), route)}`, origin('b')],
  ['a path before the name', `${failed(host(1))}: name: "http.80"`, origin('b')],
])('blamedOrigin: %s', (_, message, expected) => {
  expect(blamedOrigin(provenance, 'http.80', message)).toEqual(expected);
});

test('blamedOrigin: a resource that no object made has none', () => {
  expect(blamedOrigin(new Map(), 'x', failed(host(0)))).toBeUndefined();
});
