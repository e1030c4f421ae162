/** A standalone gateway for one test, closed by `await using`. */
import type { Exchange } from '../src/http/exchange.ts';
import type { HttpFilter } from '../src/http/http-filter.ts';
import {
  createStandaloneGateway,
  type StandaloneGateway,
  type StandaloneGatewayOptions,
} from '../src/node/standalone-gateway.ts';
import type { GatewayResources } from '../src/runtime/resources.ts';

/** The gateway, the port of its listener `web`, and the exchanges that are over. */
export interface RunningGateway extends AsyncDisposable {
  readonly gateway: StandaloneGateway;
  readonly port: number;
  /** Exchanges in the order in which they ended. */
  readonly finished: readonly Exchange[];
  /** Resolves when so many exchanges are over. */
  finishedCount(count: number): Promise<readonly Exchange[]>;
}

/** Starts a gateway; random choices are in order unless `random` is given. */
export async function startGateway(
  resources: GatewayResources,
  options: StandaloneGatewayOptions = {},
): Promise<RunningGateway> {
  const finished: Exchange[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const recorder: HttpFilter = {
    name: 'test.recorder',
    onFinished(exchange) {
      finished.push(exchange);
      for (const { count, resolve } of waiting) if (finished.length >= count) resolve();
    },
  };
  const gateway = createStandaloneGateway({
    ownAddress: '10.9.8.7',
    ...options,
    filters: [recorder, ...(options.filters ?? [])],
  });
  await gateway.apply(resources);
  return {
    gateway,
    port: gateway.addresses().get('web')?.port ?? 0,
    finished,
    async finishedCount(count) {
      if (finished.length < count) await new Promise<void>((resolve) => waiting.push({ count, resolve }));
      return finished;
    },
    async [Symbol.asyncDispose]() {
      await gateway.close({ drainTimeoutMs: 0 });
    },
  };
}
