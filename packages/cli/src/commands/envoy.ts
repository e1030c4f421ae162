import { spawn } from 'node:child_process';
import process from 'node:process';
import { AgentError, type FoundEnvoy, findEnvoy } from '@heddle/agent/find';
import { CommandError, EXIT, type ExitCode } from '../exit-code.ts';

export interface EnvoyOptions {
  readonly envoyPath?: string;
  readonly envoyVersion?: string;
  readonly fetch?: boolean;
}

/** `heddle envoy which`: the last line, and all of stdout, is the bare path. */
export async function envoyWhich(options: EnvoyOptions): Promise<ExitCode> {
  const { path, version, from } = await locateEnvoy(options);
  process.stderr.write(`Envoy ${version} (${from})\n`);
  process.stdout.write(`${path}\n`);
  return EXIT.ok;
}

/** `heddle envoy run -- ARGS`: Envoy in the foreground; ends as Envoy ends. */
export async function envoyRun(args: readonly string[], options: EnvoyOptions): Promise<ExitCode> {
  const { path } = await locateEnvoy(options);
  const child = spawn(path, args, { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', forward);
  process.on('SIGTERM', forward);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new CommandError(`cannot run ${path}: ${error.message}`, { cause: error })));
    child.once('exit', (code, signal) =>
      resolve(code === 0 || signal === 'SIGINT' || signal === 'SIGTERM' ? EXIT.ok : EXIT.failed),
    );
  });
}

/** The Envoy to use; what takes time or may surprise goes to stderr. */
export async function locateEnvoy(options: EnvoyOptions): Promise<FoundEnvoy> {
  try {
    return await findEnvoy({
      envoyPath: options.envoyPath,
      version: options.envoyVersion,
      fetch: options.fetch ?? true,
      log: (line) => process.stderr.write(`${line}\n`),
    });
  } catch (error) {
    if (error instanceof AgentError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}
