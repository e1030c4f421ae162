import process from 'node:process';
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_HTTP_ADDRESS } from './admin-client.ts';
import type { DumpType } from './envoy-dump/read-dump.ts';
import { CommandError, EXIT, type ExitCode } from './exit-code.ts';
import { addWasmCommands } from './wasm-program.ts';
import { keepYoungGenerationSmall } from './young-generation.ts';

/**
 * Runs one command line and returns the exit code. Each command's code is loaded only when it is asked for: `heddle version` must
 * not pay for the xDS types.
 */
export async function runCommandLine(args: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof CommandError) {
      process.stderr.write(`heddle: ${error.message}\n`);
      return error.exitCode;
    }
    process.stderr.write(
      `heddle: this is a defect in heddle, please report it\n${(error as Error).stack ?? String(error)}\n`,
    );
    return EXIT.failed;
  }
}

function createProgram(setExitCode: (code: ExitCode) => void): Command {
  const program = new Command('heddle')
    .description(
      'A service mesh in TypeScript: Istio configuration, compiled and served to Envoy and to its own data plane.',
    )
    .exitOverride()
    .showSuggestionAfterError()
    .enablePositionalOptions();

  program
    .command('dev')
    .description('run a mesh from manifests on this machine: control plane, ingress gateway, workloads')
    .argument('[paths...]', 'files and folders of manifests', ['.'])
    .addOption(
      new Option('--proxy <kind>', 'what serves as ingress').choices(['embedded', 'envoy']).default('embedded'),
    )
    .option('--envoy-path <file>', 'the Envoy to run with --proxy envoy')
    .option('--address <ip>', 'address to serve on', '127.0.0.1')
    .option('--access-log', 'print one line for each request')
    .option(
      '--mesh-config <file>',
      "the mesh's settings, as Istio's MeshConfig; a ConfigMap istio among the manifests does as well",
    )
    .addHelpText(
      'after',
      examples(
        ['heddle dev examples/nginx', 'the nginx example behind a Gateway'],
        ['heddle dev mesh/ --access-log', 'your own folder, with a line for each request'],
        ['heddle dev examples/nginx --proxy envoy', 'the same with a real Envoy as ingress'],
      ),
    )
    .action(async (paths: string[], options) =>
      setExitCode(await (await import('./commands/dev.ts')).dev(paths, options)),
    );

  program
    .command('translate')
    .description('print the xDS resources that manifests compile to, without a server')
    .requiredOption('-f, --file <path...>', 'files and folders of manifests')
    .requiredOption('--for <proxy>', 'gateway (istio=ingressgateway), gateway:KEY=VALUE,… or sidecar:NAMESPACE/NAME')
    .addOption(
      new Option('-o, --output <format>', 'yaml, json, or bootstrap: a whole static Envoy configuration')
        .choices(['yaml', 'json', 'bootstrap'])
        .default('yaml'),
    )
    .option('--address <ip>', 'address that a bootstrap binds', '127.0.0.1')
    .option('--with-secrets', 'write private keys into a bootstrap, which Envoy needs to start with TLS')
    .option(
      '--mesh-config <file>',
      "the mesh's settings, as Istio's MeshConfig; a ConfigMap istio among the manifests does as well",
    )
    .addOption(new Option('--envoy-version <1.x>', 'the Envoy that will be sent it').argParser(parseEnvoyVersion))
    .addHelpText(
      'after',
      examples(
        ['heddle translate -f examples/nginx --for gateway', 'what an ingress gateway is sent'],
        ['heddle translate -f examples/canary --for sidecar:canary/hello-v1 -o json', 'what a sidecar is sent'],
        ['heddle translate -f examples/nginx --for gateway -o bootstrap > envoy.yaml', 'a file for envoy -c'],
      ),
    )
    .action(async (options) => setExitCode(await (await import('./commands/translate.ts')).translate(options)));

  program
    .command('validate')
    .description('check objects one by one: fields, values, and what Istio would refuse')
    .requiredOption('-f, --file <path...>', 'files and folders of manifests; - for stdin')
    .addOption(findingsFormat())
    .addHelpText(
      'after',
      examples(
        ['heddle validate -f mesh/', 'every object below mesh/'],
        ['heddle validate -f mesh/ -o json', 'the findings for scripts and editors'],
        ['kubectl get virtualservice -A -o yaml | heddle validate -f -', 'what a cluster has'],
      ),
    )
    .action(async (options) => setExitCode(await (await import('./commands/validate.ts')).validate(options)));

  program
    .command('analyze')
    .description('check objects against each other: references, conflicts, what is never used')
    .argument('[paths...]', 'files and folders of manifests; - for stdin')
    .option('-f, --file <path...>', 'the same as paths')
    .addOption(findingsFormat())
    .addOption(
      new Option('--severity <level>', 'the mildest findings to show (istioctl: --output-threshold)')
        .choices(['error', 'warning', 'info'])
        .default('info'),
    )
    .addOption(
      new Option('--failure-threshold <level>', 'the mildest findings to exit with 79 for')
        .choices(['error', 'warning', 'info'])
        .default('error'),
    )
    .option(
      '-S, --suppress <code=kind namespace/name>',
      'leave out findings of a code, of a kind, of an object; * is any; may be given several times',
      collect,
      [],
    )
    .option('-L, --list-rules', 'list the rules')
    .addHelpText(
      'after',
      examples(
        ['heddle analyze mesh/', 'everything that is wrong with mesh/, and why it matters'],
        ['heddle analyze mesh/ --severity warning --failure-threshold warning', 'for CI: no warnings either'],
        ['heddle analyze mesh/ -S "IST0118=Service shop/*"', 'without port names in namespace shop'],
      ),
    )
    .action(async (paths: string[], options) =>
      setExitCode(await (await import('./commands/analyze.ts')).analyze(paths, options)),
    );

  const explain = program.command('explain').description('say what becomes of a request, and which lines decide it');
  explain
    .command('request')
    .description('follow a request: listener, filter chain, virtual host, route, cluster, endpoints')
    .argument('<url>', 'what is asked for, by the port that is configured: http://shop.example.com/cart')
    .requiredOption('-f, --file <path...>', 'files and folders of manifests')
    .addOption(meshConfigFile())
    .option('-X, --method <method>', 'its method', 'GET')
    .option('-H, --header <name: value>', 'a header; may be given several times', collect, [])
    .option('--from <namespace/workload>', 'the Pod or Deployment that sends it, through its sidecar')
    .option('--via <gateway>', 'the Gateway it enters by, or labels of a router; the ingress gateway unless given')
    .addOption(new Option('-o, --output <format>', 'text or json').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      examples(
        ['heddle explain request http://localhost/ -f examples/nginx', 'from outside, through the ingress gateway'],
        ['heddle explain request http://hello/ --from canary/hello-v1 -f examples/canary', 'from a workload'],
        ['heddle explain request http://shop.test/cart -H "x-user: me" -f mesh/ -o json', 'for scripts'],
      ),
    )
    .action(async (url: string, options) =>
      setExitCode(await (await import('./commands/explain.ts')).explain(url, options)),
    );

  program
    .command('control-plane')
    .description('serve a folder of manifests to proxies over ADS')
    .requiredOption('--config <path...>', 'files and folders of manifests')
    .option(
      '--mesh-config <file>',
      "the mesh's settings, as Istio's MeshConfig; a ConfigMap istio among the manifests does as well",
    )
    .option('--grpc-address <ip:port>', 'where proxies connect', '127.0.0.1:15010')
    .option('--http-address <ip:port>', 'readiness, version, metrics and debug endpoints', DEFAULT_HTTP_ADDRESS)
    .addOption(
      new Option('--log-format <format>', 'what stderr gets: text, or a JSON object a line')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addHelpText(
      'after',
      examples(
        ['heddle control-plane --config mesh/', 'serve the folder mesh/'],
        ['heddle control-plane --config mesh/ --grpc-address 127.0.0.1:0', 'on a free port, which it prints'],
        ['heddle control-plane --config mesh/ --log-format json', 'with a log for machines'],
      ),
    )
    .action(async (options) => {
      keepYoungGenerationSmall();
      setExitCode(await (await import('./commands/control-plane.ts')).controlPlane(options));
    });

  program
    .command('status')
    .aliases(['proxy-status', 'ps'])
    .description('show how far each connected proxy is, and what it rejected')
    .argument('[node]', 'only proxies whose name begins so')
    .addOption(new Option('-o, --output <format>', 'text or json').choices(['text', 'json']).default('text'))
    .addOption(httpAddress())
    .addHelpText(
      'after',
      examples(
        ['heddle status', 'every proxy: SYNCED, STALE, ERROR or NOT SENT for each type, and since when'],
        ['heddle status cart -o json', 'those whose name begins with cart, for scripts'],
        ['heddle status --http-address 127.0.0.1:9090', 'from a control plane that serves elsewhere'],
      ),
    )
    .action(async (node: string | undefined, options) =>
      setExitCode(await (await import('./commands/status.ts')).status(node, options)),
    );

  program
    .command('config')
    .aliases(['proxy-config', 'pc'])
    .description('show the listeners, routes, clusters, endpoints and filters that a proxy was sent')
    .addArgument(new Argument('<type>', 'listener, route, cluster, endpoint, ecds or all').argParser(parseDumpType))
    .argument('[node]', 'NAME.NAMESPACE, NAME, or a prefix that only one has')
    .addOption(
      new Option('-o, --output <format>', 'short: a table; or json, yaml')
        .choices(['short', 'json', 'yaml'])
        .default('short'),
    )
    .option('-f, --file <file>', "a saved dump instead of a node, also Envoy's /config_dump?include_eds; - for stdin")
    .addOption(httpAddress())
    .addHelpText(
      'after',
      examples(
        ['heddle config route ingress', 'which requests go where, and the VirtualService that says so'],
        ['heddle config cluster cart-1.shop -o yaml', 'clusters as they were sent'],
        ['curl -s localhost:15000/config_dump?include_eds | heddle config all -f -', "an Envoy's own dump"],
      ),
    )
    .action(async (type: DumpType | 'all', node: string | undefined, options) =>
      setExitCode(await (await import('./commands/config.ts')).config(type, node, options)),
    );

  const envoy = program.command('envoy').description('find, fetch and run the real Envoy');
  envoy
    .command('which')
    .description('print the path of the Envoy that heddle uses, fetching one if none is found')
    .option('--envoy-path <file>', 'use this one')
    .option('--envoy-version <version>', 'a supported version, such as 1.40')
    .option('--no-fetch', 'do not fetch one')
    .addHelpText(
      'after',
      examples(
        ['heddle envoy which', 'the path, on the last line'],
        ['heddle envoy which --envoy-version 1.36', 'an older one'],
        ['"$(heddle envoy which)" --version', 'run it yourself'],
      ),
    )
    .action(async (options) => setExitCode(await (await import('./commands/envoy.ts')).envoyWhich(options)));
  envoy
    .command('run')
    .description('run Envoy; arguments after -- go to it')
    .option('--envoy-path <file>', 'use this one')
    .option('--envoy-version <version>', 'a supported version, such as 1.40')
    .argument('[args...]', 'arguments for Envoy')
    .passThroughOptions()
    .addHelpText(
      'after',
      examples(
        ['heddle envoy run -- -c envoy.yaml', 'run a configuration'],
        ['heddle envoy run -- --version', 'which Envoy is it'],
        ['heddle envoy run --envoy-version 1.36 -- -c envoy.yaml', 'with an older one'],
      ),
    )
    .action(async (args: string[], options) =>
      setExitCode(await (await import('./commands/envoy.ts')).envoyRun(args, options)),
    );

  program
    .command('version')
    .description('print the version')
    .addOption(new Option('-o, --output <format>', 'text or json').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      examples(
        ['heddle version', 'for people'],
        ['heddle version -o json', 'for scripts'],
        ['npx heddle version', 'from a clone that was built'],
      ),
    )
    .action(async (options: { output: 'text' | 'json' }) => {
      setExitCode(await (await import('./commands/version.ts')).version(options));
    });

  const wasm = addWasmCommands(program, setExitCode, examples);

  // Usage errors of every command end in the same exit code.
  for (const command of [...program.commands, ...envoy.commands, ...explain.commands, ...wasm.commands])
    command.exitOverride().showSuggestionAfterError();
  return program;
}

function examples(...lines: readonly (readonly [command: string, meaning: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  return `\nExamples:\n${lines.map(([command, meaning]) => `  ${command.padEnd(width)}  ${meaning}`).join('\n')}\n`;
}

function meshConfigFile(): Option {
  return new Option(
    '--mesh-config <file>',
    "the mesh's settings, as Istio's MeshConfig; a ConfigMap istio among the manifests does as well",
  );
}

/** An option that may be given several times. */
function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function findingsFormat(): Option {
  return new Option('-o, --output <format>', 'text: with the lines in question; table; or json')
    .choices(['text', 'table', 'json'])
    .default('text');
}

function httpAddress(): Option {
  return new Option('--http-address <host:port>', "the control plane's HTTP endpoint").default(DEFAULT_HTTP_ADDRESS);
}

/** istioctl's words for the types, with their plurals and short forms. */
const DUMP_TYPES: Readonly<Record<string, DumpType | 'all'>> = {
  listener: 'listener',
  listeners: 'listener',
  l: 'listener',
  route: 'route',
  routes: 'route',
  r: 'route',
  cluster: 'cluster',
  clusters: 'cluster',
  c: 'cluster',
  endpoint: 'endpoint',
  endpoints: 'endpoint',
  ep: 'endpoint',
  ecds: 'ecds',
  all: 'all',
  a: 'all',
};

function parseDumpType(text: string): DumpType | 'all' {
  const type = Object.hasOwn(DUMP_TYPES, text) ? DUMP_TYPES[text] : undefined;
  if (type === undefined) throw new InvalidArgumentError('wanted listener, route, cluster, endpoint, ecds or all');
  return type;
}

/** `1.38`, `v1.38.2` → 38. */
function parseEnvoyVersion(text: string): number {
  const minor = /^v?1\.(\d{1,3})(?:\.\d+)?$/.exec(text)?.[1];
  if (minor === undefined) throw new InvalidArgumentError(`found "${text}", wanted a version such as 1.40`);
  return Number(minor);
}
