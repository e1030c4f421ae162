import { type Command, InvalidArgumentError } from 'commander';
import type { ExitCode } from './exit-code.ts';

/** Adds `heddle wasm` and its commands. */
export function addWasmCommands(
  program: Command,
  setExitCode: (code: ExitCode) => void,
  examples: (...lines: readonly (readonly [command: string, meaning: string])[]) => string,
): Command {
  const wasm = program.command('wasm').description('write, build, test and run filters for Envoy');

  wasm
    .command('new')
    .description('make a folder with a filter that works, and its tests')
    .argument('<folder>', "the folder to make; its last part is the filter's name")
    .addHelpText(
      'after',
      examples(
        ['heddle wasm new guard', 'a filter named guard in ./guard'],
        ['heddle wasm new filters/rate-limit', 'elsewhere'],
        ['cd guard && heddle wasm test', 'and then'],
      ),
    )
    .action(async (folder: string) => setExitCode(await (await import('./commands/wasm/new.ts')).wasmNew(folder)));

  wasm
    .command('build')
    .description('build a filter into a module that Envoy runs, with a source map beside it')
    .argument('[filter]', "the filter's folder or its entry file", '.')
    .option('-o, --out <file>', "the module's file; build/NAME.wasm in the filter's folder unless given")
    .option('-w, --watch', 'build again whenever a source changes')
    .option('--no-names', "leave out the names of functions: smaller, but Envoy's log has no backtrace then")
    .option('--no-optimize', 'keep functions apart, so that places in the log are exact')
    .option('--json', 'print file, sizes, exports and imports as JSON')
    .addHelpText(
      'after',
      examples(
        ['heddle wasm build', 'the filter in this folder: build/NAME.wasm'],
        ['heddle wasm build filters/api-key -o api-key.wasm', 'another one'],
        ['heddle wasm build --watch', 'on every change'],
      ),
    )
    .action(async (filter: string, options) =>
      setExitCode(await (await import('./commands/wasm/build.ts')).wasmBuild(filter, options)),
    );

  wasm
    .command('test')
    .description("run a filter's tests; arguments after -- go to vitest")
    .argument('[filter]', "the filter's folder", '.')
    .argument('[args...]', 'arguments for vitest')
    .passThroughOptions()
    .addHelpText(
      'after',
      examples(
        ['heddle wasm test', 'the tests in this folder'],
        ['heddle wasm test filters/api-key', 'those of another'],
        ['heddle wasm test . -- -t "a request"', 'some of them'],
      ),
    )
    .action(async (filter: string, args: string[]) =>
      setExitCode(await (await import('./commands/wasm/test.ts')).wasmTest(filter, args)),
    );

  wasm
    .command('run')
    .description('run any filter on one request, and show all that it did')
    .argument('<file>', 'a .wasm file of whatever language, or a folder or source file that is built first')
    .option('--config <text>', "the plugin's configuration; @FILE for a file")
    .option('--method <method>', "the request's method", 'GET')
    .option('--path <path>', 'its path', '/')
    .option('--authority <host>', 'its host', 'localhost')
    .option('--header <name=value>', 'a header; may be given several times', collect, [])
    .option('--body <text>', 'its body; @FILE for a file')
    .option('--response-status <code>', 'what the upstream answers', parseStatus, 200)
    .option('--response-header <name=value>', 'a header of its answer; may be given several times', collect, [])
    .option('--response-body <text>', "its answer's body; @FILE for a file")
    .option(
      '--property <path=value>',
      'a property, such as source.address=10.0.0.1:80; may be given several times',
      collect,
      [],
    )
    .option(
      '--cluster <name=status[:body]>',
      'what a cluster answers to calls of the filter; @FILE for a body from a file; may be given several times',
      collect,
      [],
    )
    .option('--json', 'print the run as JSON')
    .addHelpText(
      'after',
      examples(
        [
          'heddle wasm run build/guard.wasm --config \'{"key": "secret"}\' --header x-key=secret',
          'a request that passes',
        ],
        ['heddle wasm run . --config @config.json --method POST --body @order.json', "this folder's filter"],
        ["heddle wasm run . --cluster 'keys=200:@jwks.json'", 'a filter that asks a cluster'],
        ['heddle wasm run any.wasm --response-status 503 --json', 'for scripts'],
      ),
    )
    .action(async (file: string, options) =>
      setExitCode(await (await import('./commands/wasm/run.ts')).wasmRun(file, options)),
    );

  wasm
    .command('trace')
    .description("find the lines where filters failed in Envoy's log")
    .argument('<log>', 'a file; - for stdin')
    .option('-m, --module <file...>', 'modules that may have failed; those in . and build unless given')
    .option('--json', 'print the failures as JSON')
    .addHelpText(
      'after',
      examples(
        ['heddle wasm trace envoy.log', 'by the modules in this folder and in build'],
        ['heddle wasm trace envoy.log --module guard.wasm', 'by this module and guard.wasm.map'],
        ['kubectl logs pod -c istio-proxy | heddle wasm trace -', 'of a sidecar'],
      ),
    )
    .action(async (log: string, options) =>
      setExitCode(await (await import('./commands/wasm/trace.ts')).wasmTrace(log, options)),
    );

  return wasm;
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function parseStatus(text: string): number {
  if (!/^[1-5]\d\d$/.test(text)) throw new InvalidArgumentError('wanted a status from 100 to 599');
  return Number(text);
}
