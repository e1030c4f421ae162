import type { Message } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { type Any, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { CompiledRoute, RouteTable } from '@heddle/routing';

/**
 * What the routes of a table say to one filter (`typed_per_filter_config`), read once: for each route that says something, the
 * configurations of the route, its virtual host and the route configuration, the most specific first.
 */
export type RouteConfigs<Config> = ReadonlyMap<CompiledRoute, readonly Config[]>;

type Configured = { readonly typedPerFilterConfig: Readonly<Record<string, Any>> };

/** Reads the configurations of filter `name`; `read` makes settings of a message. What cannot be read is said in `problems`. */
export function routeConfigs<Shape extends Message, Config>(
  table: RouteTable | undefined,
  name: string,
  schema: GenMessage<Shape>,
  read: (message: Shape) => Config,
  problems: string[],
): RouteConfigs<Config> {
  const configs = new Map<CompiledRoute, readonly Config[]>();
  if (table === undefined) return configs;
  const found = new Set<string>();
  const known = new Map<Configured, readonly Config[]>();
  const configsOf = (level: Configured): readonly Config[] => {
    let own = known.get(level);
    if (own === undefined) {
      const packed = level.typedPerFilterConfig[name];
      const message = packed === undefined ? undefined : anyUnpack(packed, schema);
      if (packed !== undefined && message === undefined) {
        found.add(
          `typed_per_filter_config "${name}" is ${packed.typeUrl}, wanted ${schema.typeName}: it has no effect`,
        );
      }
      own = message === undefined ? [] : [read(message)];
      known.set(level, own);
    }
    return own;
  };
  for (const virtualHost of table.virtualHosts) {
    for (const route of virtualHost.routes) {
      const levels = [route.config, virtualHost.config, table.config].flatMap(configsOf);
      if (levels.length > 0) configs.set(route, levels);
    }
  }
  problems.push(...found);
  return configs;
}
