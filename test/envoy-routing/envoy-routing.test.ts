import { fromJson } from '@bufbuild/protobuf';
import { HttpConnectionManagerSchema } from '@heddle/envoy-api/http-connection-manager';
import { RouteConfigurationSchema } from '@heddle/envoy-api/route';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireEnvoy } from '../support/require-envoy.ts';
import { allGroups } from './cases.ts';
import { createSimulation } from './simulate.ts';
import { type StaticEnvoy, startStaticEnvoy } from './static-envoy.ts';

const path = await requireEnvoy();
const groups = allGroups(20_261);
let envoy: StaticEnvoy;

beforeAll(async () => {
  if (path !== undefined) envoy = await startStaticEnvoy(path, groups);
}, 120_000);
afterAll(async () => {
  await envoy?.[Symbol.asyncDispose]();
});

describe.skipIf(path === undefined)('@heddle/routing answers as Envoy does', () => {
  test.each(groups.map((group, index) => ({ ...group, index })))(
    '$name',
    async ({ routes, manager, requests, index }) => {
      const simulate = createSimulation(
        fromJson(RouteConfigurationSchema, routes),
        fromJson(HttpConnectionManagerSchema, manager ?? {}),
      );
      const differences: string[] = [];
      for (const request of requests) {
        const wanted = await envoy.ask(index, request);
        const found = simulate(request);
        try {
          expect(found).toEqual(wanted);
        } catch {
          differences.push(JSON.stringify({ request, envoy: wanted, heddle: found }));
        }
      }
      expect(differences).toEqual([]);
    },
  );
});
