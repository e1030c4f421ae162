import type { Context, MiddlewareHandler, Next } from 'hono';
import { type Plugin, type PluginOptions, startPlugin } from '../plugin.ts';
import type { WasmModule } from '../wasm-module.ts';
import { fetchCallouts } from './fetch-callouts.ts';
import { FilteredRequest } from './filtered-request.ts';

/** See {@link wasmFilter}. */
export interface WasmFilterOptions
  extends Omit<PluginOptions, 'module' | 'configuration' | 'name' | 'property' | 'callouts'> {
  /** The plugin's name, in messages; default `wasm`. */
  readonly name?: string;
  /** Where the clusters are that the filter calls, by name: base URLs. Others are unknown to it. Calls go by `fetch`, gRPC ones not at all. */
  readonly clusters?: Readonly<Record<string, string>>;
  /** Replaces `fetch` for the filter's calls. */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** Most bytes of a body that the filter may hold; default 1 MiB. */
  readonly bufferLimitBytes?: number;
  /** Properties beside those of the request and the response (`request.path`, `response.code`, …). */
  readonly property?: (path: readonly string[], context: Context) => Uint8Array | undefined;
}

/** A filter as middleware. */
export interface WasmFilter extends MiddlewareHandler {
  /** Resolves when the filter runs; rejects with `ModuleError` or `PluginError` if it cannot. Requests wait for it. */
  readonly ready: Promise<void>;
  /** Ends the module when its last request is over. */
  close(): void;
}

/**
 * A Proxy-Wasm filter as Hono middleware: the same module that Envoy runs stands before the handlers that come after it. Bodies stream;
 * what the filter changes in the request is what handlers see in `c.req`, except that the handlers are chosen already. A filter that
 * cannot be started makes every request fail with the reason, never pass.
 *
 * @param module the bytes of a .wasm file, or what `loadModule` made of them
 * @param configuration the plugin's configuration: text, bytes, or an object that is passed as JSON
 *
 * @example
 * const filter = wasmFilter(await readFile('api-key.wasm'), { keys: ['secret'] });
 * await filter.ready;
 * new Hono().use(filter).get('/', (c) => c.text('come in'));
 */
export function wasmFilter(
  module: Uint8Array<ArrayBuffer> | WasmModule,
  configuration: string | Uint8Array | object = '',
  options: WasmFilterOptions = {},
): WasmFilter {
  const {
    name = 'wasm',
    clusters = {},
    fetch: send = (request) => fetch(request),
    bufferLimitBytes,
    property,
    ...rest
  } = options;
  const started: Promise<Plugin> = startPlugin({
    ...rest,
    name,
    module,
    configuration:
      typeof configuration === 'string' || configuration instanceof Uint8Array
        ? configuration
        : JSON.stringify(configuration),
    callouts: fetchCallouts(clusters, send),
  });
  const ready = started.then(() => {});
  // Whoever does not wait for it hears of it by the first request.
  ready.catch(() => {});
  const handler = async (context: Context, next: Next): Promise<Response | undefined> => {
    const filtered = new FilteredRequest(context.req.raw, await started, {
      ...(bufferLimitBytes === undefined ? {} : { bufferLimitBytes }),
      ...(property === undefined ? {} : { property: (path: readonly string[]) => property(path, context) }),
    });
    const passed = await filtered.request();
    if (passed instanceof Response) return passed;
    context.req.raw = passed;
    // The filter may still answer by itself while a handler reads the body.
    const own = await Promise.race([next().then(() => undefined), filtered.answer()]);
    if (own !== undefined) return own;
    const response = await filtered.response(context.res);
    if (response !== context.res) {
      // Without this, headers that the filter took away would be merged in again.
      (context as { res: Response | undefined }).res = undefined;
      context.res = response;
    }
    return undefined;
  };
  return Object.assign(handler as MiddlewareHandler, {
    ready,
    close: () => void started.then((plugin) => plugin.close()).catch(() => {}),
  });
}
