/** The files of a new filter, by path: one that asks for a key, with all that a filter has. */
export function filterFiles(name: string, version: string): Readonly<Record<string, string>> {
  return {
    'package.json': packageJson(name, version),
    'README.md': readme(name),
    'assembly/index.ts': source(className(name), name),
    'assembly/tsconfig.json': '{\n  "extends": "assemblyscript/std/assembly.json",\n  "include": ["./**/*.ts"]\n}\n',
    'schema.json': schema(name),
    'envoy.yaml': envoyYaml(name),
    [`${name}.test.ts`]: test(name),
    '.gitignore': 'build/\nnode_modules/\n',
  };
}

/** `api-key` → `ApiKey`. */
function className(name: string): string {
  return name.replaceAll(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase());
}

function packageJson(name: string, version: string): string {
  const heddle = `^${version}`;
  const json = {
    name,
    version: '0.1.0',
    private: true,
    type: 'module',
    scripts: { build: 'heddle wasm build', test: 'heddle wasm test' },
    dependencies: { '@heddle/wasm-sdk': heddle },
    devDependencies: {
      '@heddle/cli': heddle,
      '@heddle/wasm-host': heddle,
      '@heddle/wasm-tools': heddle,
      vitest: '^5.1.1',
    },
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

function readme(name: string): string {
  return `# ${name}

Lets requests with the right key pass, and answers others with 401.

| setting | meaning |
| --- | --- |
| \`key\` | the key that is wanted |
| \`header\` | the header that carries it; \`x-key\` unless given |

    heddle wasm test                      # the tests, which run the built module
    heddle wasm build                     # build/${name}.wasm
    heddle wasm run build/${name}.wasm --config '{"key": "secret"}' --header x-key=secret
    envoy -c envoy.yaml                   # in front of http://127.0.0.1:8080

\`heddle wasm trace LOG\` finds the line where it failed in Envoy's log.
`;
}

function source(plugin: string, name: string): string {
  return `import { Configuration, HeadersResult, HttpContext, RootContext } from '@heddle/wasm-sdk/assembly';
import { equalsConstantTime } from '@heddle/wasm-sdk/assembly/constant-time';
import { Settings } from '@heddle/wasm-sdk/assembly/settings';

/** The plugin: it lives as long as its configuration. */
export class ${plugin} extends RootContext {
  header: string = 'x-key';
  key: string = '';

  /** False keeps the proxy from using the filter; the log says why. */
  onConfigure(configuration: Configuration): bool {
    const settings = Settings.of(configuration);
    this.header = settings.text('header', 'x-key');
    this.key = settings.required('key');
    // Says all that is wrong at once, fields that nobody reads among it.
    return settings.accept();
  }

  createHttpContext(): HttpContext | null {
    return new Request(this);
  }
}

/** One request. Only the methods that stand here are called: leave out what you do not need. */
class Request extends HttpContext {
  constructor(private plugin: ${plugin}) {
    super();
  }

  onRequestHeaders(endOfStream: bool): HeadersResult {
    const key = this.requestHeaders.get(this.plugin.header);
    if (key !== null && equalsConstantTime(key, this.plugin.key)) {
      // The key is for this filter, not for the upstream.
      this.requestHeaders.remove(this.plugin.header);
      return HeadersResult.Continue;
    }
    this.reply(401, 'a key is wanted\\n', '${name.replaceAll('-', '_')}_missing');
    return HeadersResult.Pause;
  }

  onResponseHeaders(endOfStream: bool): HeadersResult {
    this.responseHeaders.set('x-filter', '${name}');
    return HeadersResult.Continue;
  }
}
`;
}

function schema(name: string): string {
  const json = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `Configuration of the filter ${name}`,
    type: 'object',
    required: ['key'],
    properties: {
      key: { type: 'string', minLength: 1, description: 'The key that is wanted.' },
      header: { type: 'string', minLength: 1, default: 'x-key', description: 'The header that carries it.' },
    },
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

function envoyYaml(name: string): string {
  return `# heddle wasm build, then in this folder: envoy -c envoy.yaml
static_resources:
  listeners:
    - name: http
      address: { socket_address: { address: 127.0.0.1, port_value: 10000 } }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: http
                route_config:
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes: [{ match: { prefix: / }, route: { cluster: upstream } }]
                http_filters:
                  - name: ${name}
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
                      config:
                        name: ${name}
                        configuration:
                          "@type": type.googleapis.com/google.protobuf.StringValue
                          value: '{"key": "secret"}'
                        vm_config:
                          runtime: envoy.wasm.runtime.v8
                          code: { local: { filename: build/${name}.wasm } }
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
    - name: upstream
      type: STATIC
      load_assignment:
        cluster_name: upstream
        endpoints:
          - lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 8080 } } } }]
`;
}

function test(name: string): string {
  return `import { fileURLToPath } from 'node:url';
import { createFilter } from '@heddle/wasm-host/testing';
import { buildFilter } from '@heddle/wasm-tools';
import { beforeAll, expect, test } from 'vitest';

// The module that goes into Envoy, built once.
let wasm: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  ({ wasm } = await buildFilter(fileURLToPath(new URL('.', import.meta.url))));
}, 60_000);

const start = (configuration: object = { key: 'secret' }) => createFilter({ wasm, configuration });

test('a request with the key passes, without it', async () => {
  const filter = await start();
  const result = await filter.request({ headers: { 'x-key': 'secret' } }, { body: 'fine' });
  expect(result).toMatchObject({ status: 200, body: 'fine', headers: { 'x-filter': '${name}' } });
  expect(result.upstream?.headers).not.toHaveProperty('x-key');
});

test.each([{}, { 'x-key': '' }, { 'x-key': 'wrong' }])('a request with headers %o is refused', async (headers) => {
  const result = await (await start()).request({ headers });
  expect(result).toMatchObject({ status: 401, body: 'a key is wanted\\n', upstream: undefined });
});

test('the header is a setting', async () => {
  const filter = await start({ key: 'secret', header: 'X-Token' });
  expect((await filter.request({ headers: { 'x-token': 'secret' } })).status).toBe(200);
});

test('without a key it does not start', async () => {
  await expect(start({})).rejects.toThrow('refuses its configuration');
});
`;
}
