import type { TypedExtensionConfig } from '@heddle/envoy-api/core';
import type { Listener } from '@heddle/envoy-api/listener';
import { serveRequest } from './fetch-exchange.ts';
import { fetchTransport } from './fetch-transport.ts';
import { type ControlPlaneOptions, type Following, followControlPlane } from './follow-control-plane.ts';
import { unmappedAddress } from './http/address-range.ts';
import type { HttpListener } from './http/http-listener.ts';
import { chainFor, type ServedListener } from './http/served-listener.ts';
import { type GatewayInspection, inspectRuntime } from './inspection.ts';
import { GatewayError, type GatewayProblem } from './problem.ts';
import { type GatewayEnvironment, GatewayRuntime } from './runtime/gateway-runtime.ts';
import type { GatewayResources } from './runtime/resources.ts';

/** Options of {@link createGateway}. */
export interface GatewayOptions extends Partial<GatewayEnvironment> {
  /** A first state; {@link Gateway.apply} takes later ones. */
  readonly resources?: GatewayResources;
  /** A control plane to follow instead. */
  readonly xds?: ControlPlaneOptions;
  /** The listener to serve, by name or configured port. Needed when there are several. */
  readonly listener?: string | number;
}

/** What the program knows of a request that `Request` does not tell. */
export interface FetchContext {
  /** The client's IP address; `127.0.0.1` unless given. */
  readonly remoteAddress?: string;
  readonly remotePort?: number;
}

/** A gateway without sockets of its own: a function from `Request` to `Response`. */
export interface Gateway {
  /**
   * Serves one request. Always answers: what goes wrong is a response as Envoy's. Usable as a handler without `this`:
   * `app.all('*', (c) => gateway.fetch(c.req.raw))`.
   *
   * @throws GatewayError `no-listener` when there is no listener, or none was chosen among several
   */
  readonly fetch: (request: Request, context?: FetchContext) => Promise<Response>;
  apply(resources: GatewayResources): readonly GatewayProblem[];
  /**
   * Loads and starts the modules that a listener or a filter's configuration asks for, so that they are there when it comes into force. The
   * reason if it cannot be obeyed. Modules that were not made ready are loaded when they come into force, and requests wait for them.
   */
  prepare(resource: Listener | TypedExtensionConfig): Promise<string | undefined>;
  /** Resolves when the first state is in force. */
  readonly ready: Promise<void>;
  /** What it implements over its way to endpoints; announced to a control plane. */
  readonly features: readonly string[];
  inspect(): GatewayInspection;
  close(): void;
}

/**
 * A gateway to mount in a program of one's own (Hono, `Bun.serve`, `Deno.serve`): obeys the same listeners, routes, clusters and
 * endpoints as Envoy, from given resources or a control plane. Endpoints are reached by `fetch` unless another `transport` is given;
 * on Node, Bun and Deno take `createGateway` of `@heddle/gateway/node`, which is faster and exact.
 *
 * @example
 * const gateway = createGateway({ xds: { transport: connectTransport({ address: '127.0.0.1:15010' }), node: { id } } });
 * new Hono().use(logger()).all('*', (c) => gateway.fetch(c.req.raw));
 */
export function createGateway(options: GatewayOptions): Gateway {
  return new FetchGateway(options);
}

class FetchGateway implements Gateway {
  readonly fetch: (request: Request, context?: FetchContext) => Promise<Response>;
  readonly ready: Promise<void>;
  readonly #runtime: GatewayRuntime;
  readonly #chosen: string | number | undefined;
  readonly #following: Following | undefined;

  constructor(options: GatewayOptions) {
    const { resources, xds, listener, ...environment } = options;
    this.#runtime = new GatewayRuntime({
      ...environment,
      transport: environment.transport ?? fetchTransport(),
      node: environment.node ?? xds?.node,
    });
    this.#chosen = listener;
    this.fetch = (request, context) => this.#serve(request, context);
    if (resources !== undefined) this.#runtime.apply(resources);
    this.#following = xds === undefined ? undefined : followControlPlane(this, xds);
    this.ready = this.#following?.ready ?? Promise.resolve();
  }

  apply(resources: GatewayResources): readonly GatewayProblem[] {
    this.#runtime.apply(resources);
    return this.#runtime.problems;
  }

  prepare(resource: Listener | TypedExtensionConfig): Promise<string | undefined> {
    return this.#runtime.prepare(resource);
  }

  get features(): readonly string[] {
    return this.#runtime.features;
  }

  inspect(): GatewayInspection {
    return inspectRuntime(this.#runtime);
  }

  close(): void {
    this.#following?.close();
    this.#runtime.destroy();
  }

  async #serve(request: Request, context: FetchContext = {}): Promise<Response> {
    await this.ready;
    const listener = this.#listener(request);
    const secure = request.url.startsWith('https:');
    return serveRequest(
      listener,
      {
        remoteAddress: unmappedAddress(context.remoteAddress ?? '127.0.0.1'),
        remotePort: context.remotePort ?? 0,
        localAddress: listener.address.host,
        localPort: listener.address.port,
        secure,
      },
      request,
    );
  }

  #listener(request: Request): HttpListener {
    const listener = this.#chosenListener();
    const { protocol, hostname } = new URL(request.url);
    // The embedding program has ended TLS; the name that the client asked for in it is that of the request.
    const chain = chainFor(listener, protocol === 'https:' ? hostname.toLowerCase() : undefined);
    if (chain?.http === undefined)
      throw new GatewayError('no-listener', `Cannot serve a request: listener "${listener.name}" has no chain for it`);
    if (chain.tls?.requireClientCertificate === true) {
      throw new GatewayError(
        'unsupported',
        `Cannot serve a request: listener "${listener.name}" demands certificates of clients, which a mounted gateway does not see`,
      );
    }
    return chain.http;
  }

  #chosenListener(): ServedListener {
    const { listeners } = this.#runtime;
    const chosen = this.#chosen;
    if (chosen === undefined) {
      const [only] = listeners.values();
      if (listeners.size === 1 && only !== undefined) return only;
      const names = [...listeners.keys()].map((name) => `"${name}"`).join(', ');
      const found = listeners.size === 0 ? 'none' : `${listeners.size} (${names})`;
      throw new GatewayError(
        'no-listener',
        `Cannot serve a request: found ${found} listeners, wanted one or the option "listener"`,
      );
    }
    for (const listener of listeners.values()) {
      if (listener.name === chosen || listener.address.port === chosen) return listener;
    }
    throw new GatewayError('no-listener', `Cannot serve a request: there is no listener "${chosen}"`);
  }
}
