// Brings a clone into a state in which the tools run: dependencies installed as the lock file says, code generated.
// Says nothing and changes nothing when all is there. Node builtins only, Node 20 or newer, any platform:
//
//     node scripts/ensure.mjs
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The folder of the clone. */
export const root = fileURLToPath(new URL('..', import.meta.url));

const oldestSystemNode = 20;
// The sources are TypeScript that Node runs by stripping types, on by default from here.
const oldestSourceNode = [22, 19];
// Each is a no-op when what it generates is up to date.
const generators = ['packages/envoy-api/scripts/generate.mjs'];

/** A state of the machine that the user has to change; the message says how, so no stack trace is due. */
export class SetupError extends Error {
  name = 'SetupError';
}

/** Installs and generates what is missing, reporting progress through `say` (a line each; standard error by default). */
export async function ensure({ say = (line) => process.stderr.write(`${line}\n`) } = {}) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < oldestSystemNode) {
    throw new SetupError(
      `Cannot set up "${root}": found Node ${process.versions.node}, wanted Node ${oldestSystemNode} or newer.`,
    );
  }
  const missing = findMissingPackage();
  if (missing !== undefined) await installPackages(missing, say);
  for (const generator of generators) {
    if (existsSync(join(root, generator))) generate(generator, say);
  }
}

/**
 * The Node that runs the sources: the one pinned in package.json, installed as a package, so that everybody runs the
 * same. On a platform for which that package has no binary, the system's Node when it is new enough.
 */
export function pinnedNode() {
  const installed = join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(installed)) return installed;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [wantedMajor, wantedMinor] = oldestSourceNode;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return process.execPath;
  throw new SetupError(
    `Cannot run the sources: "node_modules/node" has no binary for ${process.platform}-${process.arch} (did npm skip ` +
      `install scripts?) and the system's Node is ${process.versions.node}, wanted ${oldestSourceNode.join('.')} or newer.`,
  );
}

/** The environment without the clone's own node_modules/.bin on PATH: npm then runs on the system's Node. */
export function systemEnvironment() {
  const own = resolve(root, 'node_modules/.bin');
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => resolve(folder) !== own);
  return { ...process.env, PATH: path.join(delimiter) };
}

/**
 * Compares what npm says it installed with what the lock file wants; gives a sentence about the first difference. The
 * content decides, not the time stamps: a fresh checkout of an old commit has new ones.
 */
export function findMissingPackage(folder = root) {
  const wanted = readPackages(join(folder, 'package-lock.json'));
  if (wanted === undefined) {
    throw new SetupError(
      `Cannot install dependencies: "${join(folder, 'package-lock.json')}" is missing or unreadable.`,
    );
  }
  // npm writes this file last, so an interrupted install has none.
  const installed = readPackages(join(folder, 'node_modules/.package-lock.json'));
  if (installed === undefined) return 'nothing is installed yet';
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.includes('node_modules/')) continue;
    const found = installed[path];
    // Left out on purpose: binaries for other platforms, and peers that nobody asked for.
    if (found === undefined && (entry.optional === true || entry.peer === true)) continue;
    if (found === undefined) return `"${path}" is not installed`;
    if (found.version !== entry.version) return `"${path}" is ${found.version}, the lock file says ${entry.version}`;
  }
  return undefined;
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

async function installPackages(reason, say) {
  const started = Date.now();
  say(`heddle: installing dependencies (${reason})`);
  const { status, output } = await runQuietly('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (status !== 0) throw new SetupError(explainInstallFailure(output, status));
  const stillMissing = findMissingPackage();
  if (stillMissing !== undefined) {
    throw new SetupError(`Cannot install dependencies: npm ci ended well, and yet ${stillMissing}.\n${output}`);
  }
  say(`heddle: installed in ${((Date.now() - started) / 1000).toFixed(0)} s`);
}

/** What to tell the user when `npm ci` failed with this output. */
export function explainInstallFailure(output, status) {
  const network =
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b/;
  const code = network.exec(output)?.[1];
  // npm gives the reason first and its manual after it.
  const detail = output
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('npm error ') && !line.includes(' at '))
    .slice(0, 8)
    .join('\n');
  if (code !== undefined) {
    return (
      `Cannot install dependencies: the npm registry does not answer (${code}).\n${detail}\n` +
      'Wanted once: a network, or a registry that can be reached (npm config set registry <URL>). Then start again.'
    );
  }
  return `Cannot install dependencies: npm ci failed with ${status}.\n${detail}`;
}

function runQuietly(command, args) {
  return new Promise((fulfil) => {
    const windows = process.platform === 'win32';
    const child = spawn(windows ? `${command}.cmd` : command, args, {
      cwd: root,
      env: systemEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      // npm is a batch file there, which only a shell can run; the arguments are fixed words.
      shell: windows,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output = (output + text).slice(-20_000);
      });
    }
    child.on('error', (error) => fulfil({ status: error.code ?? 'an error', output: `${output}\n${error.message}` }));
    child.on('close', (code, signal) => fulfil({ status: code ?? signal, output }));
  });
}

function generate(generator, say) {
  const started = Date.now();
  const { status, stdout, stderr, error } = spawnSync(pinnedNode(), [join(root, generator)], {
    cwd: root,
    encoding: 'utf8',
    // buf and the code generator are found beside the pinned Node.
    env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH ?? ''}` },
  });
  if (status !== 0) {
    throw new SetupError(
      `Cannot generate code: "${generator}" failed.\n${error?.message ?? `${stderr}${stdout}`.trim()}`,
    );
  }
  const elapsedMs = Date.now() - started;
  if (elapsedMs > 1_000) say(`heddle: generated what "${generator}" makes in ${(elapsedMs / 1000).toFixed(0)} s`);
}

/** Prints a setup problem as a sentence and anything else as what it is, and says that the command failed. */
export function reportFailure(error) {
  process.stderr.write(`${error instanceof SetupError ? error.message : (error?.stack ?? error)}\n`);
  process.exitCode = 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await ensure().catch(reportFailure);
}
