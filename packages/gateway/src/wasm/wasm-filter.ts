import type { Exchange } from '../http/exchange.ts';
import type { HttpFilter } from '../http/http-filter.ts';
import { reply } from '../http/respond.ts';
import { WasmExchange } from './wasm-exchange.ts';
import type { PluginLease, WasmPlugins } from './wasm-plugins.ts';
import type { WasmSettings } from './wasm-settings.ts';

/** The filter of this name in the connection manager; others are told by their type. */
export const WASM_FILTER = 'envoy.filters.http.wasm';

/** What filters of a generation hold of running modules, until the generation is replaced. */
export interface GenerationLeases {
  add(lease: PluginLease): void;
}

/** Properties that filters of one exchange have set, which all of them see. */
const propertiesOf = new WeakMap<Exchange, Map<string, Uint8Array>>();

/**
 * Envoy's filter in WebAssembly: each exchange passes the module. Requests that come before the module has been loaded wait for it. One that
 * cannot be loaded refuses them or lets them pass, as its failure policy says.
 */
export function wasmFilter(settings: WasmSettings, plugins: WasmPlugins, generation: GenerationLeases): HttpFilter {
  generation.add(plugins.lease(settings));
  /** Exchanges between their beginning and their end: they keep the module that they began with. */
  const under = new Map<Exchange, { readonly lease: PluginLease; stream: WasmExchange | undefined }>();

  const pass = (exchange: Exchange): void | Promise<void> => {
    const entry = under.get(exchange);
    const plugin = entry?.lease.plugin;
    if (entry === undefined || exchange.responseStarted || exchange.finished) return undefined;
    if (plugin === undefined) {
      const { failurePolicy } = settings;
      if (failurePolicy === 'open' || failurePolicy === 'always-open') return undefined;
      reply(exchange, 503, '', 'wasm_fail_stream', undefined, [], 14);
      return undefined;
    }
    let properties = propertiesOf.get(exchange);
    if (properties === undefined) {
      properties = new Map();
      propertiesOf.set(exchange, properties);
    }
    entry.stream = new WasmExchange(exchange, plugin, properties);
    return entry.stream.onRequest();
  };

  return {
    name: settings.name,
    onBegin(exchange) {
      under.set(exchange, { lease: plugins.lease(settings), stream: undefined });
    },
    onRequest(exchange) {
      const lease = under.get(exchange)?.lease;
      if (lease === undefined || lease.plugin !== undefined) return pass(exchange);
      return lease.loaded.then(() => pass(exchange));
    },
    onResponse: (exchange, body) => under.get(exchange)?.stream?.onResponse(body),
    wrapResponseBody: (exchange, body) => under.get(exchange)?.stream?.responseBody ?? body,
    onLog(exchange) {
      const entry = under.get(exchange);
      if (entry === undefined) return;
      const { lease } = entry;
      // Also a filter that has not come to see the request logs it, as in Envoy.
      if (entry.stream === undefined && lease.plugin !== undefined) {
        entry.stream = new WasmExchange(exchange, lease.plugin, propertiesOf.get(exchange) ?? new Map());
      }
      entry.stream?.log();
    },
    onFinished(exchange) {
      const entry = under.get(exchange);
      if (entry === undefined) return;
      under.delete(exchange);
      entry.stream?.close();
      entry.lease.release();
    },
  };
}

/** Stands for a filter whose configuration was to be fetched and does not exist: every request is answered 500, as by Envoy. */
export function missingFilter(name: string): HttpFilter {
  return {
    name,
    onRequest(exchange) {
      reply(exchange, 500, '', 'filter_config_not_found', 'NFCF');
    },
  };
}
