import {
  type Diagnostic,
  type FieldPath,
  gatewayHttpsRouteName,
  listenerName,
  type Origin,
  virtualHostName,
} from '@heddle/model';
import { canDo, cannotDo, type ProxyFeature } from '../capabilities.ts';
import type { CompiledResource } from '../compiled-resource.ts';
import { bindToGateway } from '../gateways/gateway-binding.ts';
import { type GatewayPort, type ServerSource, serverNames } from '../gateways/gateway-ports.ts';
import {
  buildForwardingChain,
  buildHttpsChain,
  buildRefusingChain,
  type EncodedChain,
  type ServerNames,
} from '../listeners/gateway-chains.ts';
import type { Memo } from '../memo.ts';
import { nameOf, refOfObject, type Secret, type ServerTls } from '../mesh-objects.ts';
import type { PluginFilters } from '../plugins/plugin-filters.ts';
import { type L4Route, type L4RouteList, l4DestinationHosts, l4Routes } from '../routes/l4-routes.ts';
import { buildRouteConfiguration } from '../routes/route-configuration.ts';
import type { ClusterUse } from '../routes/route-list.ts';
import { buildEmptyVirtualHost, type EncodedVirtualHost } from '../routes/virtual-host.ts';
import type { MeshSettings } from '../settings.ts';
import { type SecretLookup, type ServerCredentials, serverCredentials } from '../tls/server-credentials.ts';
import { sourceInput } from '../virtual-services.ts';
import { type PortSummary, routesAtPort } from './gateway-port-routes.ts';
import { l4Diagnostics } from './l4-diagnostics.ts';
import { listOf, problemDiagnostics, type RouteAudience, type ViewScope } from './view-scope.ts';

/** The chains of a port with what they need. */
export interface PortChains {
  readonly chains: readonly EncodedChain[];
  readonly routes: readonly CompiledResource[];
  readonly secrets: readonly CompiledResource[];
  readonly diagnostics: readonly Diagnostic[];
  /** Whether connections are closed by a chain that leads nowhere. */
  readonly refuses: boolean;
}

/** The chains of a port whose servers are told apart by the names that clients ask for in TLS, or that is one TCP server's. */
export function gatewayChains(
  scope: ViewScope,
  port: GatewayPort,
  audience: RouteAudience,
  plugins: PluginFilters,
): { readonly parts: PortChains; readonly routes: PortSummary } {
  const builder = new ChainBuilder(scope, port, audience, plugins);
  for (const source of port.servers) {
    const { server } = source.server;
    const { tls } = server;
    if (tls === undefined) builder.forward(source, 'tcp', undefined);
    else if (tls.mode === undefined || tls.mode === 'PASSTHROUGH') builder.forward(source, 'tls', undefined);
    else if (tls.mode === 'AUTO_PASSTHROUGH' || tls.mode === 'ISTIO_MUTUAL') builder.refuse(source);
    else if (source.server.protocol === 'https') builder.https(source, tls);
    else builder.forward(source, 'tcp', tls);
  }
  return builder.build();
}

class ChainBuilder {
  readonly #scope: ViewScope;
  readonly #port: GatewayPort;
  readonly #audience: RouteAudience;
  readonly #plugins: PluginFilters;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #uses = new Map<string, ClusterUse>();
  /** Servers that have something to serve, or of which it was said why not. */
  readonly #serving = new Set<ServerSource>();
  readonly #chains: EncodedChain[] = [];
  readonly #routes: CompiledResource[] = [];
  readonly #secrets: CompiledResource[] = [];
  /** Names that have a chain. */
  readonly #taken = new Map<string, Origin>();
  #real = 0;
  #refuses = false;
  #waitsForSecrets = false;

  constructor(scope: ViewScope, port: GatewayPort, audience: RouteAudience, plugins: PluginFilters) {
    this.#scope = scope;
    this.#port = port;
    this.#audience = audience;
    this.#plugins = plugins;
  }

  /** A server that ends HTTPS. */
  https(source: ServerSource, tls: ServerTls): void {
    const { memo, settings, backends, virtualServices } = this.#scope;
    const origin = originOf(source);
    const names = this.#claim(serverNames(source.server), origin);
    if (!this.#can('heddle.tls.downstream', source, ['tls'])) {
      this.#refuseConnections(names, origin);
      return;
    }
    const credentials = this.#credentials(source, tls);
    if (credentials.names === undefined) {
      this.#waitsForSecrets = true;
      this.#refuseConnections(names, origin);
      return;
    }
    const { entry, server } = source;
    const { number, name } = server.server.port;
    const routeName = gatewayHttpsRouteName(number, name, nameOf(entry.gateway), entry.namespace);
    const group = memo.run(groupOf, source);
    const { byGateway } = virtualServices;
    const found = memo.run(routesAtPort, group.servers, byGateway, backends, this.#audience, number, settings);
    this.#diagnostics.push(
      ...found.diagnostics,
      ...found.broken.flatMap((list) => problemDiagnostics(this.#scope, list)),
    );
    for (const use of found.uses) this.#uses.set(use.name, use);
    if (found.serves[0] === true) this.#serving.add(source);
    const virtualHosts = found.virtualHosts.length > 0 ? found.virtualHosts : memo.run(noVirtualHosts, group);
    this.#routes.push(memo.run(buildRouteConfiguration, virtualHosts, routeName, group, settings));
    const listener = listenerName('0.0.0.0', number);
    this.#real++;
    this.#secrets.push(...credentials.resources);
    const key = JSON.stringify(credentials.names);
    const named = JSON.stringify(names);
    this.#chains.push(memo.run(httpsChain, source, listener, named, routeName, key, settings, this.#plugins));
  }

  /** A server whose connections go on as they come, or, with `tls`, as they come out of it. */
  forward(source: ServerSource, layer: 'tls' | 'tcp', tls: ServerTls | undefined): void {
    const { settings } = this.#scope;
    const origin = originOf(source);
    const own = source.server.server.tls === undefined ? undefined : serverNames(source.server);
    if (!this.#can('heddle.tcp.proxy', source, ['port', 'protocol'])) {
      this.#refuseConnections(own === undefined ? undefined : this.#claim(own, origin), origin);
      return;
    }
    const lists = this.#routeLists(source, layer);
    if (layer === 'tls') {
      for (const route of lists.flatMap((list) => list.routes)) this.#passThrough(source, route);
      return;
    }
    // One match decides for all connections of the server: the first, as in Istio.
    const route = lists.flatMap((list) => list.routes)[0];
    if (route === undefined) return;
    const names = own === undefined ? undefined : this.#claim(own, origin);
    const credentials = tls === undefined ? undefined : this.#credentials(source, tls);
    if (credentials !== undefined && credentials.names === undefined) {
      this.#waitsForSecrets = true;
      this.#refuseConnections(names, origin);
      return;
    }
    this.#real++;
    this.#secrets.push(...(credentials?.resources ?? []));
    const ending =
      tls === undefined || credentials?.names === undefined ? undefined : { settings: tls, secrets: credentials.names };
    const routed = { resource: route.resource, path: route.path };
    this.#chains.push(buildForwardingChain(names, route.legs, route.resource, ending, routed, settings));
  }

  /** A mode that nothing serves yet; validation has said so. */
  refuse(source: ServerSource): void {
    const origin = originOf(source);
    this.#refuseConnections(this.#claim(serverNames(source.server), origin), origin);
  }

  build(): { readonly parts: PortChains; readonly routes: PortSummary } {
    // Without anything to serve now or soon the port stays closed.
    const open = this.#real > 0 || this.#waitsForSecrets;
    return {
      parts: {
        chains: open ? this.#chains : [],
        routes: this.#routes,
        secrets: this.#secrets,
        diagnostics: this.#diagnostics,
        refuses: open && this.#refuses,
      },
      routes: {
        uses: [...this.#uses.values()],
        serves: this.#port.servers.map((source) => this.#serving.has(source)),
      },
    };
  }

  #passThrough(source: ServerSource, route: L4Route): void {
    const namespace = route.resource.namespace;
    const { hosts } = source.server;
    const within = route.sniHosts.filter((host) => hosts.common(host, namespace).length > 0);
    const origin = { resource: route.resource, path: route.path };
    const names = within.includes('*') ? this.#claim([], origin) : this.#claimFree(within, origin);
    if (names === undefined) return;
    this.#real++;
    const { settings } = this.#scope;
    this.#chains.push(buildForwardingChain(names, route.legs, route.resource, undefined, origin, settings));
  }

  #refuseConnections(names: ServerNames, origin: Origin): void {
    this.#refuses = true;
    this.#chains.push(buildRefusingChain(names, origin, this.#scope.settings));
  }

  /** Takes names that are the server's own: no other server of the port has them. */
  #claim(names: readonly string[], origin: Origin): readonly string[] {
    for (const name of names.length === 0 ? ['*'] : names) this.#taken.set(name, origin);
    return names;
  }

  /** Takes those names that no chain has; undefined if none is left. */
  #claimFree(names: readonly string[], origin: Origin): readonly string[] | undefined {
    const free = names.filter((name) => !this.#taken.has(name));
    for (const name of names) {
      const holder = this.#taken.get(name);
      if (holder !== undefined) this.#diagnostics.push(l4Diagnostics.takenName(name, origin, holder));
    }
    return free.length === 0 ? undefined : this.#claim(free, origin);
  }

  #can(feature: ProxyFeature, source: ServerSource, field: FieldPath): boolean {
    const { capabilities } = this.#scope.view;
    if (canDo(capabilities, feature)) return true;
    const { resource, path } = originOf(source);
    const effect = 'connections to this server are closed';
    this.#diagnostics.push(cannotDo(feature, resource, [...path, ...field], effect));
    this.#serving.add(source);
    return false;
  }

  #credentials(source: ServerSource, tls: ServerTls): ServerCredentials {
    const { resource, path } = originOf(source);
    const effect = 'connections to this server are closed';
    const owner = { resource, path: [...path, 'tls'], effect };
    const found = serverCredentials(this.#scope.memo, tls, owner, secretLookup(this.#scope));
    this.#diagnostics.push(...found.diagnostics);
    if (found.names === undefined) this.#serving.add(source);
    return found;
  }

  /** What the VirtualServices of a server's Gateway have for it, in order of precedence. */
  #routeLists(server: ServerSource, layer: 'tls' | 'tcp'): readonly L4RouteList[] {
    const { memo, backends, settings, virtualServices } = this.#scope;
    const { entry } = server;
    const lists: L4RouteList[] = [];
    for (const virtualService of virtualServices.byGateway.get(entry.name) ?? []) {
      if ((virtualService.virtualService.spec[layer]?.length ?? 0) === 0) continue;
      const { hostsByServer, diagnostics } = memo.run(bindToGateway, virtualService, entry);
      this.#diagnostics.push(...diagnostics);
      if ((hostsByServer[server.server.index]?.length ?? 0) === 0) continue;
      const object = virtualService.virtualService;
      const used = memo.run(l4DestinationHosts, object, settings).map((host) => backends.backend(host));
      const source = sourceInput(virtualService, this.#audience);
      const list = memo.run(l4Routes, object, layer, entry.name, this.#port.number, source, settings, ...used);
      this.#serving.add(server);
      this.#diagnostics.push(...l4Diagnostics.ofList(this.#scope, list));
      for (const use of list.clusters) this.#uses.set(use.name, use);
      lists.push(list);
    }
    return lists;
  }
}

/** An HTTPS server alone, in the shape of a port: it shares its routes with no other. */
function groupOf(_memo: Memo, source: ServerSource): GatewayPort {
  return { number: source.server.server.port.number, layer: 'tls', servers: [source] };
}

/** Every request is answered 404, as where the wanted virtual host is missing. */
function noVirtualHosts(memo: Memo, group: GatewayPort): readonly EncodedVirtualHost[] {
  return [memo.run(buildEmptyVirtualHost, group, virtualHostName('blackhole', group.number))];
}

function httpsChain(
  _memo: Memo,
  source: ServerSource,
  listener: string,
  names: string,
  routeName: string,
  secrets: string,
  settings: MeshSettings,
  plugins: PluginFilters,
): EncodedChain {
  const tls = source.server.server.tls ?? {};
  const parsed = JSON.parse(names) as readonly string[];
  const origin = originOf(source);
  return buildHttpsChain(listener, parsed, routeName, tls, JSON.parse(secrets), origin, settings, plugins);
}

function originOf({ entry, server }: ServerSource): Origin {
  return { resource: refOfObject(entry.gateway), path: ['spec', 'servers', server.index] };
}

/** The Secrets that the proxies of a view may be given: those of their own namespace. */
export function secretLookup({ snapshot, view }: ViewScope): SecretLookup {
  return {
    namespace: view.namespace,
    find: (name): Secret | undefined => snapshot.get('Secret', view.namespace, name),
    elsewhere: (name) =>
      listOf(snapshot, 'Secret')
        .filter((secret) => nameOf(secret) === name)
        .map((secret) => secret.metadata.namespace ?? ''),
  };
}
