import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { RouteMatchSchema, RouteSchema } from '@heddle/envoy-api/route';
import { describe, expect, test } from 'vitest';
import { pickCluster } from './cluster-choice.ts';
import { requestView } from './request-view.ts';
import { compileAction } from './route-action.ts';

function pick(route: JsonObject, random: number, headers: string[] = []) {
  const action = compileAction(fromJson(RouteSchema, { route }), fromJson(RouteMatchSchema, { prefix: '/' }));
  if (action.kind !== 'forward') throw new Error('no forwarding route');
  return pickCluster(
    action,
    random,
    requestView({ method: 'GET', scheme: 'http', authority: 'a', path: '/', headers }),
  );
}

const weighted = {
  weightedClusters: {
    clusters: [
      { name: 'a', weight: 90 },
      { name: 'never', weight: 0 },
      { name: 'b', weight: 10 },
    ],
    headerName: 'x-random',
  },
};

describe('pickCluster', () => {
  test('takes each leg as often as its weight says', () => {
    const names = Array.from({ length: 1000 }, (_, random) => pick(weighted, random).name);
    expect(names.filter((name) => name === 'a')).toHaveLength(900);
    expect(names.filter((name) => name === 'b')).toHaveLength(100);
  });

  test.each([
    [['x-random', '95'], 'b'],
    [['x-random', '5'], 'a'],
    [['x-random', '18446744073709551615'], 'a'],
    [['x-random', '99999999999999999999999'], 'b'],
    [['x-random', '5', 'x-random', '5'], 'b'],
    [['x-random', 'x'], 'b'],
  ])('with headers %j the choice is %s where the random number says b', (headers, wanted) => {
    expect(pick(weighted, 95, headers).name).toBe(wanted);
  });

  test('a cluster named by a header', () => {
    expect(pick({ clusterHeader: 'X-Cluster' }, 0, ['x-cluster', 'one', 'x-cluster', 'two']).name).toBe('one');
    expect(pick({ clusterHeader: 'X-Cluster' }, 0).name).toBe('');
  });
});
