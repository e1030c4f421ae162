import { fromBinary } from '@bufbuild/protobuf';
import { CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, CLUSTER_TYPE_URL, ROUTE_CONFIGURATION_TYPE_URL } from '@heddle/envoy-api';
import { ClusterLoadAssignmentSchema } from '@heddle/envoy-api/endpoint';
import { RouteConfigurationSchema } from '@heddle/envoy-api/route';
import type { CompiledView } from '@heddle/model';
import { compileRouteConfiguration, matchRoute, pickCluster, requestView } from '@heddle/routing';
import { describe, expect, test } from 'vitest';
import { compileFixture } from '../fixtures/compile-fixture.ts';

/** Goldens freeze bytes, not meaning: here requests are sent through the compiled routes, and the answer is what is asserted. */
interface Answer {
  readonly cluster?: string;
  readonly clusterExists?: boolean;
  readonly endpoints?: readonly string[];
  readonly redirect?: string;
  readonly path?: string;
  readonly authority?: string;
  readonly status?: number;
}

interface Request {
  readonly route: string;
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly random?: number;
}

function send(compiled: CompiledView, request: Request): Answer {
  const resource = compiled.resources.get(ROUTE_CONFIGURATION_TYPE_URL)?.get(request.route);
  if (resource === undefined) throw new Error(`no route configuration "${request.route}"`);
  const table = compileRouteConfiguration(fromBinary(RouteConfigurationSchema, resource.bytes));
  const { host, pathname, search } = new URL(request.url);
  const view = requestView({
    method: request.method ?? 'GET',
    scheme: 'http',
    authority: host,
    path: `${pathname}${search}`,
    headers: Object.entries(request.headers ?? {}).flat(),
  });
  const random = request.random ?? 0;
  const action = matchRoute(table, view, random)?.route.action;
  switch (action?.kind) {
    case undefined:
      return { status: 404 };
    case 'direct-response':
      return { status: action.status };
    case 'redirect':
      return { status: action.status, redirect: action.location(view) };
    case 'forward': {
      const cluster = pickCluster(action, random, view).name;
      const endpoints = compiled.resources.get(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL)?.get(cluster);
      const path = action.rewritePath?.(view.path);
      const authority = action.rewriteAuthority?.(view);
      return {
        cluster,
        clusterExists: compiled.resources.get(CLUSTER_TYPE_URL)?.has(cluster) ?? false,
        ...(endpoints === undefined ? {} : { endpoints: addresses(endpoints.bytes) }),
        ...(path === undefined ? {} : { path }),
        ...(authority === undefined ? {} : { authority }),
      };
    }
    default:
      throw new Error(`unexpected action ${action?.kind}`);
  }
}

function addresses(bytes: Uint8Array): readonly string[] {
  return fromBinary(ClusterLoadAssignmentSchema, bytes).endpoints.flatMap((locality) =>
    locality.lbEndpoints.map(({ hostIdentifier }) => {
      const address = hostIdentifier.case === 'endpoint' ? hostIdentifier.value.address?.address : undefined;
      if (address?.case !== 'socketAddress') return '';
      return `${address.value.address}:${address.value.portSpecifier.value}`;
    }),
  );
}

const web = 'outbound|80||web.shop.svc.cluster.local';
const shop = 'http://shop.example.com';

interface Case extends Request {
  readonly fixture: string;
  readonly answer: Answer;
}

const cases: Readonly<Record<string, Case>> = {
  'the nginx example answers from the bound port': {
    fixture: 'nginx',
    route: 'http.80',
    url: 'http://localhost:8080/',
    answer: {
      cluster: 'outbound|80||test-svc.test-namespace.svc.cluster.local',
      clusterExists: true,
      endpoints: ['127.0.0.1:41234'],
    },
  },
  'weights: the first 90 of 100 go to v1': {
    fixture: 'canary',
    route: 'http.80',
    url: 'http://any/',
    random: 89,
    answer: {
      cluster: 'outbound|80|v1|hello.canary.svc.cluster.local',
      clusterExists: true,
      endpoints: ['127.0.0.1:40001'],
    },
  },
  'weights: the other 10 go to v2': {
    fixture: 'canary',
    route: 'http.80',
    url: 'http://any/',
    random: 90,
    answer: {
      cluster: 'outbound|80|v2|hello.canary.svc.cluster.local',
      clusterExists: true,
      endpoints: ['127.0.0.1:40002'],
    },
  },
  'a header match before the weights': {
    fixture: 'canary',
    route: 'http.80',
    url: 'http://any/',
    headers: { 'x-tester': 'yes' },
    answer: {
      cluster: 'outbound|80|v2|hello.canary.svc.cluster.local',
      clusterExists: true,
      endpoints: ['127.0.0.1:40002'],
    },
  },
  'rewrite: the prefix and the authority': {
    fixture: 'actions',
    route: 'http.8080',
    url: `${shop}/old/x?q=1`,
    answer: { cluster: web, clusterExists: true, endpoints: [], path: '/new/x?q=1', authority: 'inner.example.com' },
  },
  'redirect: everything': {
    fixture: 'actions',
    route: 'http.8080',
    url: `${shop}/r1`,
    answer: { status: 308, redirect: 'https://other.example.com:8443/moved' },
  },
  'redirect: the port of the scheme is left out': {
    fixture: 'actions',
    route: 'http.8080',
    url: `${shop}/r2`,
    answer: { status: 302, redirect: 'https://other.example.com/r2' },
  },
  'redirect: the port of the listener': {
    fixture: 'actions',
    route: 'http.8080',
    url: `${shop}/r3`,
    answer: { status: 301, redirect: 'http://shop.example.com:8080/moved' },
  },
  'header operations: Host of a leg rewrites the authority': {
    fixture: 'actions',
    route: 'http.8080',
    url: `${shop}/headers`,
    answer: { cluster: web, clusterExists: true, endpoints: [], authority: 'leg.example.com' },
  },
  'header operations: :authority of a rule rewrites the authority': {
    fixture: 'actions',
    route: 'http.8080',
    url: `${shop}/authority`,
    answer: {
      cluster: 'outbound|9000||web.shop.svc.cluster.local',
      clusterExists: true,
      endpoints: [],
      authority: 'set.example.com',
    },
  },
  'an answer without a destination': {
    fixture: 'actions',
    route: 'http.8080',
    url: `${shop}/forbidden/x`,
    answer: { status: 403 },
  },
  'merged Gateways: one VirtualService before the catch-all of the other': {
    fixture: 'merged-gateways',
    route: 'http.80',
    url: `${shop}/second/x`,
    answer: { cluster: web, clusterExists: true, endpoints: [] },
  },
  'merged Gateways: a wildcard server and VirtualService meet at the narrower host': {
    fixture: 'merged-gateways',
    route: 'http.80',
    url: 'http://other.example.com/wide',
    answer: { cluster: web, clusterExists: true, endpoints: [] },
  },
  'merged Gateways: a host for another namespace is not served': {
    fixture: 'merged-gateways',
    route: 'http.80',
    url: 'http://only-other.example.org/second',
    answer: { status: 404 },
  },
  'missing references: an unknown subset costs its own legs': {
    fixture: 'missing-references',
    route: 'http.80',
    url: `${shop}/subset`,
    random: 0,
    answer: { cluster: 'outbound|9080|stabel|reviews.shop.svc.cluster.local', clusterExists: false },
  },
  'missing references: the other leg is served': {
    fixture: 'missing-references',
    route: 'http.80',
    url: `${shop}/subset`,
    random: 1,
    answer: { cluster: 'outbound|9080|stable|reviews.shop.svc.cluster.local', clusterExists: true, endpoints: [] },
  },
  'sidecar: a service in the own namespace by its short name': {
    fixture: 'sidecar',
    route: '80',
    url: 'http://cart/v2/x',
    answer: { cluster: 'outbound|80||web.front.svc.cluster.local', clusterExists: true, endpoints: [] },
  },
  'sidecar: a service by its address': {
    fixture: 'sidecar',
    route: '9000',
    url: 'http://10.96.0.1:9000/',
    answer: { cluster: 'outbound|9000||cart.shop.svc.cluster.local', clusterExists: true },
  },
  'sidecar: a pod of a headless service by its name': {
    fixture: 'sidecar',
    route: '80',
    url: 'http://pods-0.pods.shop.svc.cluster.local/',
    answer: { cluster: 'outbound|80||pods.shop.svc.cluster.local', clusterExists: true },
  },
  'sidecar: a host outside the registry that a VirtualService names': {
    fixture: 'sidecar',
    route: '80',
    url: 'http://www.example.com/',
    answer: { cluster: 'outbound|80||cart.shop.svc.cluster.local', clusterExists: true },
  },
  'sidecar: an unknown host is passed through': {
    fixture: 'sidecar',
    route: '80',
    url: 'http://unknown.example.com/',
    answer: { cluster: 'PassthroughCluster', clusterExists: true },
  },
  'sidecar of another namespace: the short name means nothing there, and unknown hosts are refused': {
    fixture: 'sidecar-other-namespace',
    route: '80',
    url: 'http://cart/',
    answer: { status: 502 },
  },
  'sidecar of another namespace: name and namespace do': {
    fixture: 'sidecar-other-namespace',
    route: '80',
    url: 'http://cart.shop/v3',
    answer: { cluster: 'outbound|80||cart.shop.svc.cluster.local', clusterExists: true },
  },
  'bound sidecar: without original destinations unknown hosts are refused': {
    fixture: 'sidecar-bound',
    route: '80',
    url: 'http://unknown.example.com/',
    answer: { status: 502 },
  },
  'ServiceEntry: an endpoint with a port of its own, in a subset': {
    fixture: 'service-entries-gateway',
    route: 'http.80',
    url: 'http://any/fixed',
    answer: { cluster: 'outbound|80|b|fixed.example.com', clusterExists: true, endpoints: ['192.0.2.2:8888'] },
  },
  'ServiceEntry: a target port': {
    fixture: 'service-entries',
    route: '80',
    url: 'http://fixed.example.com/',
    answer: {
      cluster: 'outbound|80||fixed.example.com',
      clusterExists: true,
      endpoints: ['192.0.2.1:8080', '192.0.2.2:8888'],
    },
  },
  'ServiceEntry: resolution NONE passes a wildcard through': {
    fixture: 'service-entries',
    route: '80',
    url: 'http://a.wild.example.com/',
    answer: { cluster: 'outbound|80||*.wild.example.com', clusterExists: true },
  },
  'endpoints: ready pods by named port': {
    fixture: 'endpoints',
    route: '80',
    url: 'http://web/',
    answer: {
      cluster: 'outbound|80||web.shop.svc.cluster.local',
      clusterExists: true,
      endpoints: ['10.0.0.1:8080', '127.0.0.1:40080', 'fd00::1:8081'],
    },
  },
  'endpoints: by number, mapped to the bound port': {
    fixture: 'endpoints',
    route: '81',
    url: 'http://web:81/',
    answer: {
      cluster: 'outbound|81||web.shop.svc.cluster.local',
      clusterExists: true,
      endpoints: ['10.0.0.1:9000', '127.0.0.1:40090', 'fd00::1:9000'],
    },
  },
  'endpoints: those not ready too, if the service publishes them': {
    fixture: 'endpoints',
    route: '80',
    url: 'http://not-ready-too/',
    answer: {
      cluster: 'outbound|80||not-ready-too.shop.svc.cluster.local',
      clusterExists: true,
      endpoints: ['10.0.0.1:8080', '10.0.0.3:8080', '10.0.0.4:8080', '127.0.0.1:40080', 'fd00::1:8080'],
    },
  },
};

describe('compile: requests through the compiled routes', () => {
  const compiled = new Map<string, CompiledView>();
  for (const [title, { fixture, answer, ...request }] of Object.entries(cases)) {
    test(title, () => {
      const view = compiled.get(fixture) ?? compileFixture(fixture);
      compiled.set(fixture, view);
      expect(send(view, request)).toEqual(answer);
    });
  }

  const named: readonly (readonly [string, Omit<Request, 'route'>])[] = [
    ['exact.home', { url: `${shop}/home` }],
    ['prefix', { url: `${shop}/cartoon` }],
    ['prefix', { url: `${shop}/basket/1` }],
    ['everything', { url: `${shop}/basket` }],
    ['regex', { url: `${shop}/items/42` }],
    ['everything', { url: `${shop}/items/42/x` }],
    ['headers', { url: `${shop}/`, headers: { 'x-exact': 'a', 'x-prefix': 'bc', 'x-regex': 'cd', 'x-present': '' } }],
    ['everything', { url: `${shop}/`, headers: { 'x-exact': 'a', 'x-prefix': 'bc', 'x-regex': 'cd' } }],
    ['method', { url: `${shop}/`, method: 'PATCH' }],
    ['query', { url: `${shop}/?page=2&sort=names&debug=&q=xx` }],
    ['everything', { url: `${shop}/?page=2&sort=names&q=xx` }],
    ['everything', { url: `${shop}/never` }],
  ];
  test.each(named)('matches: rule %s for %o', (name, request) => {
    const view = compileFixture('http-matches');
    const resource = view.resources.get(ROUTE_CONFIGURATION_TYPE_URL)?.get('http.80');
    const table = compileRouteConfiguration(fromBinary(RouteConfigurationSchema, resource?.bytes ?? new Uint8Array()));
    const { host, pathname, search } = new URL(request.url);
    const found = matchRoute(
      table,
      requestView({
        method: request.method ?? 'GET',
        scheme: 'http',
        authority: host,
        path: `${pathname}${search}`,
        headers: Object.entries(request.headers ?? {}).flat(),
      }),
      0,
    );
    expect(found?.route.config.name).toBe(name);
  });
});
