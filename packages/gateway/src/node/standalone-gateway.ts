import type { TypedExtensionConfig } from '@heddle/envoy-api/core';
import type { Listener } from '@heddle/envoy-api/listener';
import { nodeForeignFunctions } from '@heddle/wasm-host/node';
import { type ControlPlaneOptions, type Following, followControlPlane } from '../follow-control-plane.ts';
import type { ServedListener } from '../http/served-listener.ts';
import { type GatewayInspection, inspectRuntime } from '../inspection.ts';
import { GatewayError, type GatewayProblem } from '../problem.ts';
import { type GatewayEnvironment, GatewayRuntime } from '../runtime/gateway-runtime.ts';
import type { GatewayResources } from '../runtime/resources.ts';
import { dnsResolver } from './dns-resolver.ts';
import { lackingFeatures } from './lacking-features.ts';
import { type ListenerReport, ListenerServer } from './listener-server.ts';
import { machineAddress } from './machine-address.ts';
import { hostEnvironment, readModule } from './module-files.ts';
import { socketTransport } from './socket-transport.ts';

/** Options of {@link createStandaloneGateway}; everything has a default. */
export interface StandaloneGatewayOptions extends Partial<GatewayEnvironment> {
  /** A control plane to follow; without one, states come by {@link StandaloneGateway.apply}. */
  readonly xds?: ControlPlaneOptions;
  /** How long requests may take to finish when their listener goes away. 10 s unless given. */
  readonly drainTimeoutMs?: number;
}

/** A gateway with sockets of its own. */
export interface StandaloneGateway {
  /**
   * Puts a state in force: binds new listeners, drains removed ones, swaps the rest. Resolves when every listener is bound, with
   * what cannot be obeyed. States are taken in the order of the calls.
   *
   * @throws GatewayError `bind-failed` when addresses could not be bound; everything else of the state is in force by then
   */
  apply(resources: GatewayResources): Promise<readonly GatewayProblem[]>;
  /**
   * Loads and starts the modules that a listener or a filter's configuration asks for, so that they are there when it comes into force. The
   * reason if it cannot be obeyed. Modules that were not made ready are loaded when they come into force, and requests wait for them.
   */
  prepare(resource: Listener | TypedExtensionConfig): Promise<string | undefined>;
  /** Resolves when the first state of the control plane is in force; at once without one. */
  readonly ready: Promise<void>;
  /** Where each listener is bound, by listener name. */
  addresses(): ReadonlyMap<string, { readonly host: string; readonly port: number }>;
  /** What it implements over its way to endpoints; announced to a control plane. */
  readonly features: readonly string[];
  inspect(): GatewayInspection;
  /** Drains all listeners, then closes every connection. */
  close(options?: { readonly drainTimeoutMs?: number }): Promise<void>;
}

/**
 * A data plane with listening sockets: HTTP/1.1 and HTTP/2 in, HTTP/1.1 to endpoints, obeying Envoy resources.
 *
 * @example
 * const gateway = createStandaloneGateway();
 * await gateway.apply({ listeners, routes, clusters, endpoints });
 */
export function createStandaloneGateway(options: StandaloneGatewayOptions = {}): StandaloneGateway {
  return new Standalone(options);
}

class Standalone implements StandaloneGateway {
  readonly #runtime: GatewayRuntime;
  readonly #drainTimeoutMs: number;
  readonly #onProblem: ((problem: GatewayProblem) => void) | undefined;
  #listenerProblems: readonly GatewayProblem[] = [];
  /** By configured address, so that a listener under a new name keeps its socket. */
  #servers = new Map<string, ListenerServer>();
  #draining = new Set<Promise<void>>();
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;
  readonly ready: Promise<void>;
  readonly #following: Following | undefined;

  constructor(options: StandaloneGatewayOptions) {
    this.#runtime = new GatewayRuntime({
      ...options,
      transport: options.transport ?? socketTransport(),
      resolver: options.resolver ?? dnsResolver(),
      ownAddress: options.ownAddress ?? machineAddress(),
      lacks: options.lacks ?? lackingFeatures(),
      readModule: options.readModule ?? readModule,
      hostEnvironment: options.hostEnvironment ?? hostEnvironment,
      foreignFunctions: options.foreignFunctions ?? nodeForeignFunctions,
      node: options.node ?? options.xds?.node,
    });
    this.#onProblem = options.onProblem;
    this.#drainTimeoutMs = options.drainTimeoutMs ?? 10_000;
    this.#following = options.xds === undefined ? undefined : followControlPlane(this, options.xds);
    this.ready = this.#following?.ready ?? Promise.resolve();
  }

  apply(resources: GatewayResources): Promise<readonly GatewayProblem[]> {
    const applied = this.#queue.then(() => this.#apply(resources));
    this.#queue = applied.catch(() => {});
    return applied;
  }

  addresses(): ReadonlyMap<string, { readonly host: string; readonly port: number }> {
    const addresses = new Map<string, { readonly host: string; readonly port: number }>();
    for (const server of this.#servers.values()) {
      addresses.set(server.listener.name, { host: server.host, port: server.port });
    }
    return addresses;
  }

  prepare(resource: Listener | TypedExtensionConfig): Promise<string | undefined> {
    return this.#runtime.prepare(resource);
  }

  get features(): readonly string[] {
    return this.#runtime.features;
  }

  inspect(): GatewayInspection {
    const inspected = inspectRuntime(this.#runtime);
    return { ...inspected, problems: [...inspected.problems, ...this.#listenerProblems] };
  }

  async close(options: { readonly drainTimeoutMs?: number } = {}): Promise<void> {
    this.#following?.close();
    await this.#queue;
    this.#closed = true;
    const drainTimeoutMs = options.drainTimeoutMs ?? this.#drainTimeoutMs;
    const servers = [...this.#servers.values()];
    this.#servers = new Map();
    await Promise.all(servers.map((server) => server.drain(drainTimeoutMs)));
    await Promise.all(this.#draining);
    this.#runtime.destroy();
  }

  async #apply(resources: GatewayResources): Promise<readonly GatewayProblem[]> {
    if (this.#closed) throw new GatewayError('closed', 'Cannot apply a configuration: the gateway is closed');
    this.#runtime.apply(resources);
    const problems = [...this.#runtime.problems];
    const ofListeners: GatewayProblem[] = [];
    this.#listenerProblems = ofListeners;
    // Also what shows later: a file that changes.
    const report: ListenerReport = (name, message) => {
      const problem: GatewayProblem = { kind: 'listener', name, message };
      ofListeners.push(problem);
      problems.push(problem);
      this.#onProblem?.(problem);
    };
    const wanted = new Map<string, ServedListener>();
    for (const listener of this.#runtime.listeners.values()) {
      const key = addressKey(listener);
      const other = wanted.get(key);
      if (other === undefined) wanted.set(key, listener);
      else
        problems.push({
          kind: 'listener',
          name: listener.name,
          message: `address ${key} is taken by listener "${other.name}"`,
        });
    }
    for (const [key, server] of this.#servers) {
      const listener = wanted.get(key);
      if (listener === undefined) this.#retire(key, server);
      else server.update(listener, report);
    }
    const failures = await this.#bind(wanted, report);
    if (failures.length > 0) {
      throw new GatewayError(
        'bind-failed',
        failures.map(({ name, message }) => `Cannot bind listener "${name}": ${message}`).join('; '),
      );
    }
    return problems;
  }

  async #bind(wanted: ReadonlyMap<string, ServedListener>, report: ListenerReport): Promise<GatewayProblem[]> {
    const failures: GatewayProblem[] = [];
    for (const [key, listener] of wanted) {
      if (this.#servers.has(key)) continue;
      const server = new ListenerServer(listener, report);
      try {
        await server.listen();
        this.#servers.set(key, server);
      } catch (error) {
        failures.push({ kind: 'listener', name: listener.name, message: bindFailure(key, error) });
      }
    }
    return failures;
  }

  #retire(key: string, server: ListenerServer): void {
    this.#servers.delete(key);
    const drained = server.drain(this.#drainTimeoutMs).finally(() => this.#draining.delete(drained));
    this.#draining.add(drained);
  }
}

function addressKey({ address }: ServedListener): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function bindFailure(address: string, error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  switch (code) {
    case 'EADDRINUSE':
      return `${address} is in use by another process (EADDRINUSE)`;
    case 'EACCES':
      return `${address} needs privileges this process does not have (EACCES)`;
    case 'EADDRNOTAVAIL':
      return `${address} is not an address of this machine (EADDRNOTAVAIL)`;
    default:
      return `${address}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
