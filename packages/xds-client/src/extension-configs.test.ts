import { create, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { EXTENSION_CONFIG_TYPE_URL, LISTENER_TYPE_URL } from '@heddle/envoy-api';
import { TypedExtensionConfigSchema } from '@heddle/envoy-api/core';
import { CorsSchema } from '@heddle/envoy-api/extensions/filters/http/cors';
import { HttpConnectionManagerSchema } from '@heddle/envoy-api/http-connection-manager';
import { ListenerSchema } from '@heddle/envoy-api/listener';
import { xdsResource } from '@heddle/model';
import { manualClock, type ScriptedStream, scriptedTransport, TYPE_URLS } from '@heddle/testing/ads';
import { describe, expect, test } from 'vitest';
import { createResourceWatcher, type DataPlaneConfig, type ResourceWatcherBehaviour } from './resource-watcher.ts';

const { CDS, LDS } = TYPE_URLS;
const ECDS = EXTENSION_CONFIG_TYPE_URL;

/** A listener whose connection manager fetches a filter's configuration. */
function listener(source: { readonly withDefault?: boolean; readonly eager?: boolean } = {}) {
  const manager = create(HttpConnectionManagerSchema, {
    routeSpecifier: { case: 'routeConfig', value: { name: 'inline' } },
    httpFilters: [
      {
        name: 'filter',
        configType: {
          case: 'configDiscovery',
          value: {
            configSource: { configSourceSpecifier: { case: 'ads', value: {} }, initialFetchTimeout: { seconds: 2n } },
            applyDefaultConfigWithoutWarming: source.eager === true,
            ...(source.withDefault === true ? { defaultConfig: anyPack(CorsSchema, create(CorsSchema)) } : {}),
          },
        },
      },
    ],
  });
  const message = create(ListenerSchema, {
    name: 'web',
    filterChains: [
      {
        filters: [
          { name: 'hcm', configType: { case: 'typedConfig', value: anyPack(HttpConnectionManagerSchema, manager) } },
        ],
      },
    ],
  });
  return xdsResource(LISTENER_TYPE_URL, 'web', toBinary(ListenerSchema, message));
}

function extension(typeUrl: string) {
  const message = create(TypedExtensionConfigSchema, { name: 'filter', typedConfig: { typeUrl } });
  return xdsResource(ECDS, 'filter', toBinary(TypedExtensionConfigSchema, message));
}

async function setUp(first: Parameters<typeof listener>[0], options: Partial<ResourceWatcherBehaviour> = {}) {
  const transport = scriptedTransport();
  const clock = manualClock();
  const configs: DataPlaneConfig[] = [];
  createResourceWatcher({
    transport,
    node: { id: 'router~1.1.1.1~gateway-1.shop~shop.svc.cluster.local' },
    clock,
    onConfig: (config) => void configs.push(config),
    ...options,
  }).start();
  const stream = transport.streams[0] as ScriptedStream;
  await stream.respond(CDS, []);
  await stream.respond(LDS, [listener(first)]);
  return { stream, clock, configs };
}

const typeOf = (config: DataPlaneConfig | undefined) => config?.extensionConfigs.get('filter')?.typedConfig?.typeUrl;

describe('createResourceWatcher, configurations of filters', () => {
  test('are asked for by name, and their listener waits for them', async () => {
    const { stream, configs } = await setUp({});
    expect(stream.requests.find(({ typeUrl }) => typeUrl === ECDS)?.resourceNamesSubscribe).toEqual(['filter']);
    expect(configs).toEqual([]);
    await stream.respond(ECDS, [extension('a')]);
    expect(configs).toHaveLength(1);
    expect([...(configs[0]?.listeners.keys() ?? [])]).toEqual(['web']);
    expect(typeOf(configs[0])).toBe('a');
  });

  test('that change are a new state with the same listener', async () => {
    const { stream, configs } = await setUp({});
    await stream.respond(ECDS, [extension('a')]);
    await stream.respond(ECDS, [extension('b')]);
    expect(configs.map(typeOf)).toEqual(['a', 'b']);
    expect(configs[1]?.listeners).toBe(configs[0]?.listeners);
  });

  test('are not waited for where a default may stand in', async () => {
    const { configs } = await setUp({ withDefault: true, eager: true });
    expect(configs).toHaveLength(1);
    expect(typeOf(configs[0])).toBeUndefined();
  });

  test('are waited for no longer than initial_fetch_timeout', async () => {
    const { clock, configs } = await setUp({ withDefault: true });
    expect(configs).toEqual([]);
    await clock.advance(2_000);
    expect(configs).toHaveLength(1);
  });

  test('that are removed are gone, though the listener still names them', async () => {
    const { stream, configs } = await setUp({});
    await stream.respond(ECDS, [extension('a')]);
    await stream.respond(ECDS, [], ['filter']);
    expect(configs.map(typeOf)).toEqual(['a', undefined]);
  });

  test('are refused with the reason of "prepare", and the last good one stays', async () => {
    const { stream, configs } = await setUp(
      {},
      {
        prepare: async (typeUrl, resource) =>
          typeUrl === ECDS && 'typedConfig' in resource && resource.typedConfig?.typeUrl === 'bad'
            ? 'no module'
            : undefined,
      },
    );
    await stream.respond(ECDS, [extension('good')]);
    await stream.respond(ECDS, [extension('bad')]);
    expect(stream.requests.at(-1)?.errorDetail?.message).toContain('no module');
    expect(configs.map(typeOf)).toEqual(['good']);
  });

  test('that are refused at first do not keep the listener waiting', async () => {
    const { stream, configs } = await setUp({}, { prepare: async (typeUrl) => (typeUrl === ECDS ? 'no' : undefined) });
    await stream.respond(ECDS, [extension('bad')]);
    expect(configs).toHaveLength(1);
    expect(typeOf(configs[0])).toBeUndefined();
  });
});
