import type { MessageInitShape } from '@bufbuild/protobuf';
import { ROUTE_CONFIGURATION_TYPE_URL } from '@heddle/envoy-api';
import type { NodeSchema, TypedExtensionConfig } from '@heddle/envoy-api/core';
import type { Listener } from '@heddle/envoy-api/listener';
import type { RouteConfiguration } from '@heddle/envoy-api/route';
import { parseNodeId } from '@heddle/model';
import { type ConnectionState, createResourceWatcher, type DeltaTransport } from '@heddle/xds-client';
import { GATEWAY_FEATURES, GATEWAY_USER_AGENT } from './features.ts';
import { GatewayError } from './problem.ts';
import { compiledRoutes } from './runtime/compiled-routes.ts';
import type { GatewayResources } from './runtime/resources.ts';

/** How a gateway reaches its control plane. */
export interface ControlPlaneOptions {
  /** `connectTransport` of `@heddle/xds-client/node`, or a discovery server's own `connect()` in one process. */
  readonly transport: DeltaTransport;
  /**
   * Who the gateway is: at least an `id` (`router~IP~POD.NAMESPACE~NAMESPACE.svc.cluster.local`) and `metadata.LABELS`. User agent
   * and client features are filled in.
   */
  readonly node: MessageInitShape<typeof NodeSchema>;
  readonly onState?: (state: ConnectionState) => void;
}

/** A gateway that follows a control plane. */
export interface Following {
  /** Resolves when the first state is in force. */
  readonly ready: Promise<void>;
  readonly connection: ConnectionState;
  close(): void;
}

/**
 * Lets a gateway obey a control plane over delta ADS. A route configuration that cannot be compiled is refused (NACK) and its last
 * good version stays in force; an error of `apply` (an address that cannot be bound) is reported the same way.
 *
 * @throws GatewayError `invalid-argument` when the node's id does not parse: a control plane would have to refuse it
 */
export function followControlPlane(
  gateway: {
    apply(resources: GatewayResources): unknown;
    readonly features?: readonly string[];
    /** Makes ready what a listener or a filter's configuration asks for; a sentence refuses it. */
    prepare?(resource: Listener | TypedExtensionConfig): Promise<string | undefined>;
  },
  options: ControlPlaneOptions,
): Following {
  const parsed = parseNodeId(options.node.id ?? '');
  if ('problem' in parsed)
    throw new GatewayError('invalid-argument', `Cannot follow a control plane: ${parsed.problem}`);
  let isReady: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  const watcher = createResourceWatcher({
    transport: options.transport,
    node: {
      ...options.node,
      userAgentName: GATEWAY_USER_AGENT,
      clientFeatures: [...(gateway.features ?? GATEWAY_FEATURES), ...(options.node.clientFeatures ?? [])],
    },
    validate: (typeUrl, resource) => {
      if (typeUrl !== ROUTE_CONFIGURATION_TYPE_URL) return undefined;
      const compiled = compiledRoutes(resource as RouteConfiguration);
      return 'problem' in compiled ? compiled.problem : undefined;
    },
    ...(gateway.prepare === undefined
      ? {}
      : { prepare: async (_typeUrl, resource) => await gateway.prepare?.(resource) }),
    onConfig: async (config) => {
      try {
        await gateway.apply(config);
      } finally {
        isReady();
      }
    },
    ...(options.onState === undefined ? {} : { onState: options.onState }),
  });
  watcher.start();
  return {
    ready,
    get connection() {
      return watcher.connection;
    },
    close: () => watcher.close(),
  };
}
