import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { formatRun, RunError, type RunOptions, runFilter, runToJson } from '@heddle/wasm-tools';
import { CommandError, EXIT, type ExitCode } from '../../exit-code.ts';
import { built } from './build.ts';

export interface WasmRunOptions {
  readonly config?: string;
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly header: readonly string[];
  readonly body?: string;
  readonly responseStatus: number;
  readonly responseHeader: readonly string[];
  readonly responseBody?: string;
  readonly property: readonly string[];
  /** What clusters answer to calls of the filter. */
  readonly cluster: readonly string[];
  readonly json?: boolean;
}

/** `heddle wasm run`: any filter on one request. Exit 1 if it does not start or fails on the way. */
export async function wasmRun(file: string, options: WasmRunOptions): Promise<ExitCode> {
  const clusters = Object.fromEntries(await Promise.all(options.cluster.map(clusterOf)));
  const module = await readModule(file);
  try {
    const run = await runFilter({
      ...module,
      ...(options.config === undefined ? {} : { configuration: await textOrFile(options.config) }),
      request: {
        method: options.method,
        path: options.path,
        authority: options.authority,
        headers: pairsOf(options.header),
        ...(options.body === undefined ? {} : { body: await textOrFile(options.body) }),
      },
      response: {
        status: options.responseStatus,
        headers: pairsOf(options.responseHeader),
        ...(options.responseBody === undefined ? {} : { body: await textOrFile(options.responseBody) }),
      },
      emulator: {
        name: path.parse(path.resolve(file)).name,
        properties: Object.fromEntries(pairsOf(options.property)),
        clusters,
      },
    });
    process.stdout.write(
      `${options.json === true ? JSON.stringify(runToJson(run), null, 2) : shown(formatRun(run))}\n`,
    );
    return run.failure === undefined ? EXIT.ok : EXIT.failed;
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    if (options.json === true) {
      process.stdout.write(`${JSON.stringify({ version: 1, error: error.message, logs: error.logs }, null, 2)}\n`);
      return EXIT.failed;
    }
    const lines = error.logs
      .filter(({ message }) => !error.message.includes(message))
      .map(({ level, message }) => `\n  ${level.padEnd(8)} ${message}`);
    throw new CommandError(shown(`cannot run "${file}": ${error.message}${lines.join('')}`), { cause: error });
  }
}

/** A module's bytes with its map, if there is one; a folder or a source file is built first. */
async function readModule(file: string): Promise<{ wasm: Uint8Array<ArrayBuffer>; sourceMap?: string }> {
  const isFolder = (await stat(file).catch(notThere(file))).isDirectory();
  if (isFolder || file.endsWith('.ts')) return built(file);
  const map = await readFile(`${file}.map`, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return { wasm: Uint8Array.from(await readFile(file)), ...(map === undefined ? {} : { sourceMap: map }) };
}

function notThere(file: string) {
  return (error: NodeJS.ErrnoException): never => {
    throw new CommandError(
      `cannot read "${file}": ${error.code === 'ENOENT' ? 'there is no such file or folder' : error.message}`,
      {
        cause: error,
      },
    );
  };
}

/** `TEXT`, or with `@FILE` what the file has, byte for byte. */
async function textOrFile(value: string): Promise<string | Uint8Array> {
  if (!value.startsWith('@')) return value;
  const file = value.slice(1);
  return Uint8Array.from(await readFile(file).catch(notThere(file)));
}

/** `NAME=STATUS`, `NAME=STATUS:BODY` or `NAME=STATUS:@FILE`: what a cluster answers, whatever it is asked. */
async function clusterOf(value: string): Promise<[string, () => NonNullable<RunOptions['response']>]> {
  const [, name, status, body] = /^([^=]+)=([1-5]\d\d)(?::(.*))?$/s.exec(value) ?? [];
  if (name === undefined) {
    throw new CommandError(`found --cluster "${value}", wanted NAME=STATUS, NAME=STATUS:BODY or NAME=STATUS:@FILE`, {
      exitCode: EXIT.usage,
    });
  }
  const answer = { status: Number(status), ...(body === undefined ? {} : { body: await textOrFile(body) }) };
  return [name, () => answer];
}

/** `NAME=VALUE`, in order. */
function pairsOf(values: readonly string[]): [string, string][] {
  return values.map((value) => {
    const at = value.indexOf('=');
    if (at < 1) throw new CommandError(`found "${value}", wanted NAME=VALUE`, { exitCode: EXIT.usage });
    return [value.slice(0, at), value.slice(at + 1)];
  });
}

/** What a filter writes may hold control characters, which would move the cursor. */
function shown(text: string): string {
  return text.replaceAll(
    /[^\n\t\P{Control}]|[\p{Bidi_Control}\u2028\u2029]/gu,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
