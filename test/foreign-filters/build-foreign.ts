import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = fileURLToPath(new URL('../../.cache/foreign-filters', import.meta.url));

/** Languages that a filter is built from here. */
export const FOREIGN_LANGUAGES = ['rust', 'go', 'cpp'] as const;
export type ForeignLanguage = (typeof FOREIGN_LANGUAGES)[number];

/** A module, or why it cannot be built on this machine. */
export type ForeignModule =
  | { readonly wasm: Uint8Array<ArrayBuffer>; readonly by: string }
  | { readonly missing: string };

interface Toolchain {
  /** The compiler's own name and version. */
  readonly by: string;
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
  /** Where the command leaves the module; default: where it is told to. */
  readonly output?: string;
}

/**
 * Builds the filter of a language, unless the cache has it of the same sources and compiler.
 *
 * @throws Error if the tools are there and fail
 */
export function buildForeign(language: ForeignLanguage): ForeignModule {
  const folder = join(here, language);
  const out = join(cache, `${language}-new.wasm`);
  mkdirSync(cache, { recursive: true });
  const toolchain = toolchains[language](out);
  if (typeof toolchain === 'string') return { missing: toolchain };
  const hash = createHash('sha256').update(toolchain.by).update(toolchain.command.join(' '));
  for (const file of globSync('**/*.*', { cwd: folder }).sort())
    hash.update(file).update(readFileSync(join(folder, file)));
  const kept = join(cache, `${language}-${hash.digest('hex').slice(0, 16)}.wasm`);
  if (!existsSync(kept)) {
    const [program, ...args] = toolchain.command;
    const { status, stderr, error } = spawnSync(program, args, {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, ...toolchain.environment },
    });
    if (status !== 0) throw new Error(`Cannot build the filter in "${language}": ${error?.message ?? stderr}`);
    writeFileSync(kept, readFileSync(toolchain.output ?? out));
  }
  return { wasm: Uint8Array.from(readFileSync(kept)), by: toolchain.by };
}

const toolchains: Readonly<Record<ForeignLanguage, (out: string) => Toolchain | string>> = {
  rust() {
    const target = join(cache, 'target');
    const args = ['build', '--quiet', '--release', '--locked', '--target-dir', target, '--target'];
    const output = (triple: string) => join(target, triple, 'release/api_key.wasm');
    if (hasStandardLibrary('rustc', 'wasm32-wasip1')) {
      return {
        by: version('rustc', '--version') ?? 'rustc',
        command: ['cargo', ...args, 'wasm32-wasip1'],
        output: output('wasm32-wasip1'),
      };
    }
    const debian = '/usr/bin/rustc';
    if (!hasStandardLibrary(debian, 'wasm32-wasi')) {
      return 'found no Rust with a standard library for wasm32-wasip1, nor Debian’s libstd-rust-dev-wasm32';
    }
    if (!existsSync('/usr/bin/cargo')) return 'found Debian’s rustc without its cargo';
    return {
      by: version(debian, '--version') ?? 'rustc',
      command: ['/usr/bin/cargo', ...args, 'wasm32-wasi'],
      // Debian's cargo knows the index that registries serve now, but calls it unstable.
      environment: { RUSTC: debian, RUSTC_BOOTSTRAP: '1', CARGO_UNSTABLE_SPARSE_REGISTRY: 'true' },
      output: output('wasm32-wasi'),
    };
  },
  go(out) {
    const by = version('go', 'version');
    if (by === undefined) return 'found no Go on PATH, wanted 1.24 or newer';
    const [, minor = '0'] = /go1\.(\d+)/.exec(by) ?? [];
    if (Number(minor) < 24) return `found ${by}, wanted 1.24 or newer`;
    return {
      by,
      command: ['go', 'build', '-buildmode=c-shared', '-trimpath', '-buildvcs=false', '-ldflags=-s -w', '-o', out, '.'],
      environment: { GOOS: 'wasip1', GOARCH: 'wasm' },
    };
  },
  cpp(out) {
    const by = version('clang++', '--version');
    if (by === undefined) return 'found no clang++ on PATH';
    if (!existsSync('/usr/lib/wasm32-wasi/libc++.a'))
      return 'found no libc++ for wasm32-wasi, wanted Debian’s libc++-dev-wasm32';
    const flags = ['--target=wasm32-wasi', '-O3', '-std=c++17', '-fno-exceptions', '-mexec-model=reactor'];
    return { by, command: ['clang++', ...flags, '-Wl,--strip-debug', '-o', out, 'api-key.cc'] };
  },
};

function hasStandardLibrary(rustc: string, target: string): boolean {
  const folder = version(rustc, '--print', 'target-libdir', '--target', target);
  return folder !== undefined && existsSync(folder);
}

/** The first line that a command prints, or undefined if it cannot be run. */
function version(command: string, ...args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', cwd: here });
  return status === 0 ? stdout.split('\n', 1)[0]?.trim() : undefined;
}
