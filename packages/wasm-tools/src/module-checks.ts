import { ABI_VERSIONS, type AbiVersion } from '@heddle/wasm-host';
import { type AbiFunction, CALLBACKS, CALLBACKS_0_1_0, HOSTCALLS, WASI_CALLS } from './abi-functions.ts';
import type { Signature, WasmBinary, WasmFunction } from './wasm-binary.ts';

/** Why a proxy would not run a module, or not as its author means. */
export interface ModuleProblem {
  readonly code:
    | 'start-section'
    | 'unknown-import'
    | 'import-type'
    | 'abi-version'
    | 'no-allocator'
    | 'no-memory'
    | 'callback-type'
    | 'unknown-callback';
  /** A warning does not keep a proxy from running it. */
  readonly severity: 'error' | 'warning';
  /** What was found. */
  readonly message: string;
  /** What a proxy does with such a module. */
  readonly why: string;
  readonly cure: string;
}

const MARKER = 'proxy_abi_version_';

/** All that is wrong with a module, as far as can be seen without running it. */
export function checkModule(binary: WasmBinary): readonly ModuleProblem[] {
  const exports = new Map(binary.exportedFunctions.map(({ name, signature }) => [name, signature]));
  const version = ABI_VERSIONS.findLast((one) => exports.has(`${MARKER}${one.replaceAll('.', '_')}`));
  return [
    ...checkStart(binary),
    ...checkVersion(exports, version),
    ...checkMemory(binary, exports),
    ...binary.importedFunctions.flatMap((one) => checkImport(one, version ?? '0.2.1')),
    ...binary.otherImports.map((one) => ({
      code: 'unknown-import' as const,
      severity: 'error' as const,
      message: `it imports ${one}`,
      why: 'a proxy gives functions only, and refuses to load the module',
      cure: 'build without flags that import a memory or a table (--importMemory, --importTable)',
    })),
    ...[...exports].flatMap(([name, signature]) => checkExport(name, signature, version ?? '0.2.1')),
  ];
}

function checkStart({ hasStartSection }: WasmBinary): ModuleProblem[] {
  if (!hasStartSection) return [];
  return [
    {
      code: 'start-section',
      severity: 'error',
      message: 'it has a start section',
      why: 'its top-level code would run before the proxy can answer it, and a hostcall there, even the message of a failed initialiser, kills the whole Envoy process',
      cure: 'build with --exportStart _initialize, as heddle wasm build does; then the proxy calls it when it is ready',
    },
  ];
}

function checkVersion(exports: ReadonlyMap<string, Signature>, version: AbiVersion | undefined): ModuleProblem[] {
  if (version !== undefined) return [];
  const found = [...exports.keys()].filter((name) => name.startsWith(MARKER));
  return [
    {
      code: 'abi-version',
      severity: 'error',
      message: found.length === 0 ? 'it does not say which ABI it speaks' : `it speaks an ABI by ${found.join(', ')}`,
      why: `proxies run modules of ABI ${ABI_VERSIONS.join(', ')} and say "Missing or unknown Proxy-Wasm ABI version" of others`,
      cure: 'export a function proxy_abi_version_0_2_1 from the entry file; the SDK does it for an entry that registers a filter',
    },
  ];
}

function checkMemory({ exportsMemory }: WasmBinary, exports: ReadonlyMap<string, Signature>): ModuleProblem[] {
  const problems: ModuleProblem[] = [];
  if (!exportsMemory) {
    problems.push({
      code: 'no-memory',
      severity: 'error',
      message: 'it does not export its memory',
      why: 'a proxy hands everything over by it',
      cure: 'build without --noExportMemory',
    });
  }
  if (!exports.has('malloc') && !exports.has('proxy_on_memory_allocate')) {
    problems.push({
      code: 'no-allocator',
      severity: 'error',
      message: 'it exports neither malloc nor proxy_on_memory_allocate',
      why: 'a proxy asks the module for memory to answer into, and says "Wasm module is missing malloc function"',
      cure: 'export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); } from the entry file, or use the SDK, which does',
    });
  }
  return problems;
}

/** What asc's standard library imports from a browser, and what does the same in a proxy. */
const BROWSER: readonly (readonly [name: RegExp, cure: string])[] = [
  [
    /^(abort|seed|trace|Date\.now|performance\.now|console\.(assert|log|debug|info|warn|error))$/,
    'heddle wasm build puts functions of its own in its place; build with it, or give asc --use',
  ],
  [/^console\./, 'use console.log, console.warn and the like, which heddle wasm build turns into lines of the log'],
  [
    /^(process|crypto)\./,
    'leave it out: a proxy has no processes, files or arguments; Math.random is there, and random_get of WASI',
  ],
  [/^(document|window|globalThis|Reflect|Object|String|Math)\b/, 'leave it out: it is for modules in a page'],
];

function checkImport({ module, name, signature }: WasmFunction, version: AbiVersion): ModuleProblem[] {
  const isWasi = module === 'wasi_snapshot_preview1' || module === 'wasi_unstable';
  const wanted = isWasi ? ownEntry(WASI_CALLS, name) : module === 'env' ? ownEntry(HOSTCALLS, name) : undefined;
  const full = `"${module}.${name}"`;
  if (wanted === undefined) {
    return [
      {
        code: 'unknown-import',
        severity: 'error',
        message: `it imports ${full}`,
        why: `no proxy has a function of that name; it says "Failed to load Wasm module due to a missing import: ${module}.${name}"`,
        cure: cureOf(module, name),
      },
    ];
  }
  const own = typeof wanted === 'string' ? wanted : wanted.signature;
  if (typeof wanted !== 'string' && !isIn(wanted, version)) {
    return [
      {
        code: 'unknown-import',
        severity: 'error',
        message: `it imports ${full}, and speaks ABI ${version}`,
        why: `that function is there ${wanted.until === undefined ? `since ABI ${wanted.since}` : `in ABI ${wanted.until} only`}, and the proxy refuses to load the module`,
        cure:
          wanted.until === undefined
            ? `export proxy_abi_version_${(wanted.since ?? version).replaceAll('.', '_')} in place of the older marker`
            : (REPLACED[name] ?? 'use what later versions have in its place'),
      },
    ];
  }
  if (signature === own) return [];
  return [
    {
      code: 'import-type',
      severity: 'error',
      message: `it imports ${full} as ${readable(signature)}`,
      why: 'the proxy has it with another type and refuses to load the module',
      cure: `declare it as ${readable(own)}`,
    },
  ];
}

const REPLACED: Readonly<Record<string, string>> = {
  proxy_get_configuration: 'read buffer 7, the plugin configuration, by proxy_get_buffer_bytes',
  proxy_continue_request: 'call proxy_continue_stream(0)',
  proxy_continue_response: 'call proxy_continue_stream(1)',
  proxy_clear_route_cache: 'call the foreign function "clear_route_cache"',
};

function cureOf(module: string, name: string): string {
  if (module === 'env') {
    const known = BROWSER.find(([pattern]) => pattern.test(name));
    if (known !== undefined) return known[1];
    const near = nearest(name, Object.keys(HOSTCALLS));
    return near === undefined ? 'leave it out' : `did you mean "${near}"?`;
  }
  return `if "${name}" is a function of the proxy, declare it with @external("env", "${name}"); if it is your own, give it a body or import it from its file`;
}

function checkExport(name: string, signature: Signature, version: AbiVersion): ModuleProblem[] {
  const known = ownEntry(CALLBACKS, name);
  if (known === undefined) {
    // Exports of other kinds are the module's own business.
    if (!name.startsWith('proxy_') || name.startsWith(MARKER)) return [];
    const near = nearest(name, Object.keys(CALLBACKS));
    return [
      {
        code: 'unknown-callback',
        severity: 'warning',
        message: `it exports "${name}"`,
        why: 'no proxy calls a function of that name',
        cure: near === undefined ? 'leave it out' : `did you mean "${near}"?`,
      },
    ];
  }
  const wanted = version === '0.1.0' ? (ownEntry(CALLBACKS_0_1_0, name) ?? known.signature) : known.signature;
  if (signature === wanted) return [];
  return [
    {
      code: 'callback-type',
      severity: 'error',
      message: `it exports "${name}" as ${readable(signature)}`,
      why: 'the proxy calls it with another type and refuses to load the module',
      cure: `declare it as ${readable(wanted)}`,
    },
  ];
}

function isIn({ since, until }: AbiFunction, version: AbiVersion): boolean {
  return (since === undefined || version >= since) && (until === undefined || version <= until);
}

function ownEntry<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

const WORDS: Readonly<Record<string, string>> = { i: 'i32', I: 'i64', f: 'f32', F: 'f64' };

/** `iI:i` → `(i32, i64) → i32`. */
function readable(signature: Signature): string {
  const [parameters = '', results = ''] = signature.split(':');
  const words = (part: string) => [...part].map((letter) => WORDS[letter] ?? 'another type');
  return `(${words(parameters).join(', ')}) → ${words(results).join(', ') || 'nothing'}`;
}

/** The name that differs in the fewest letters, if they are few. */
function nearest(name: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((one) => ({ one, distance: editDistance(name, one) }))
    .sort((a, b) => a.distance - b.distance);
  const [first] = ranked;
  return first !== undefined && first.distance <= 4 ? first.one : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
