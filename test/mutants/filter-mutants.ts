import type { Change } from './run-copies.ts';

/** One line of what filters are made with or run in, changed so that it breaks a host call, a callback or a helper. */
export interface FilterMutant extends Change {
  /** The package's folder. */
  readonly package: string;
  /** The file with the line, and the one with the tests that must notice, from the package's folder on. */
  readonly file: string;
  readonly tests: string;
  /** What is then wrong. */
  readonly effect: string;
  /** Part of the name of a test that must notice; any of the file's if not said. */
  readonly by?: string;
  /** Mutants of one batch and one file of tests share a copy. */
  readonly batch?: string;
}

type Row = readonly [effect: string, find: string, replace: string];

const rows = (name: string, file: string, tests: string, list: readonly Row[]): readonly FilterMutant[] =>
  list.map(([effect, find, replace]) => ({ package: name, file, tests, effect, find, replace }));

type BatchRow = readonly [file: string, by: string, effect: string, find: string, replace: string];

/** Mutants of AssemblyScript that share a copy, since each copy is compiled. */
const batch = (name: string, tests: string, list: readonly BatchRow[]): readonly FilterMutant[] =>
  list.map(([file, by, effect, find, replace]) => ({
    package: 'wasm-sdk',
    file: `assembly/${file}`,
    tests: `src/${tests}.test.ts`,
    effect,
    by,
    find,
    replace,
    batch: name,
  }));

export const FILTER_MUTANTS: readonly FilterMutant[] = [
  ...rows('wasm-host', 'src/hostcalls.ts', 'src/hostcalls.test.ts', [
    ['logs at levels that are none', 'if (level >>> 0 > LogLevel.CRITICAL) return Status.BAD_ARGUMENT;', ''],
    ['gives another time', 'memory.writeU64(at, vm.nowNs());', 'memory.writeU64(at, 1n);'],
    [
      'takes long periods for negative ones',
      'vm.setTickPeriod(milliseconds >>> 0);',
      'vm.setTickPeriod(milliseconds);',
    ],
    [
      'takes unknown contexts for known ones',
      '(vm.setEffectiveContext(id >>> 0) ? Status.OK : Status.BAD_ARGUMENT)',
      '(vm.setEffectiveContext(id >>> 0) ? Status.OK : Status.OK)',
    ],
    ['says "done" to everyone', 'proxy_done: () => vm.done(),', 'proxy_done: () => Status.OK,'],
    ['reads the NUL behind a path as a part of it', "if (path.at(-1) === '') path.pop();", ''],
    [
      'says "not found" of an empty path',
      'if (path.length === 0) return Status.SERIALIZATION_FAILURE;',
      'if (path.length === 0) return Status.NOT_FOUND;',
    ],
    [
      'sets a property without its value',
      'memory.text(keyAt, keySize), memory.bytes(valueAt, valueSize)),',
      'memory.text(keyAt, keySize), memory.bytes(valueAt, 0)),',
    ],
    [
      'says "bad argument" of a map in the log',
      'return vm.active().isLogging ? Status.NOT_FOUND : Status.BAD_ARGUMENT;',
      'return Status.BAD_ARGUMENT;',
    ],
    [
      'says "not found" to modules of 0.1.0',
      "if (value === undefined && vm.abiVersion !== '0.1.0') return Status.NOT_FOUND;",
      'if (value === undefined) return Status.NOT_FOUND;',
    ],
    [
      'counts headers in place of bytes',
      'memory.writeU32(at, byteSize(map));',
      'memory.writeU32(at, map.pairs().length);',
    ],
    [
      'forgets the headers that are set',
      'return change(type, (map) => map.setAll(all));',
      'return change(type, (map) => map.setAll([]));',
    ],
    [
      'adds in place of others',
      'return change(type, (map) => map.add(key, value));',
      'return change(type, (map) => map.replace(key, value));',
    ],
    [
      'replaces beside others',
      'return change(type, (map) => map.replace(key, value));',
      'return change(type, (map) => map.add(key, value));',
    ],
    ['removes nothing', 'return change(type, (map) => map.remove(key));', 'return change(type, () => {});'],
    [
      'changes what may only be read',
      'if (map === undefined || map.isReadOnly) return Status.BAD_ARGUMENT;\n    apply(map);',
      'if (map === undefined) return Status.BAD_ARGUMENT;\n    apply(map);',
    ],
    ['reads a buffer from its beginning', ': buffer.slice(from, count),', ': buffer.slice(0, count),'],
    ['takes a start beyond 2 GiB for a negative one', 'const from = start >>> 0;', 'const from = start;'],
    ['says nothing of a buffer’s size', 'memory.writeU32(lengthAt, buffer.length);', ''],
    ['says nothing of a buffer’s flags', 'memory.writeU32(flagsAt, 0);', ''],
    [
      'writes at another place',
      'return buffer.write(start >>> 0, length >>> 0, memory.bytes(pointer, size));',
      'return buffer.write(0, length >>> 0, memory.bytes(pointer, size));',
    ],
    [
      'answers while the callback runs',
      'vm.defer(() => context.sendLocalReply(reply));',
      'context.sendLocalReply(reply);',
    ],
    ['goes on behind an answer', 'vm.stopIteration();', ''],
    [
      'takes every gRPC status for none',
      'grpcStatus: grpcStatus === -1 ? undefined : grpcStatus >>> 0,',
      'grpcStatus: undefined,',
    ],
    ['calls with a negative time-out', 'if (timeoutMs < 0) return Status.BAD_ARGUMENT;', ''],
    [
      'keeps the token of a call to itself',
      "const sent = vm.httpCall(cluster, headers, body, trailers, timeoutMs);\n      if (typeof sent === 'number') return sent;",
      "const sent = vm.httpCall(cluster, headers, body, trailers, timeoutMs);\n      if (typeof sent === 'object') return 0;",
    ],
    ['ends each gRPC stream that it sends on', 'endOfStream !== 0),', 'true),'],
    [
      'cancels what is to be closed',
      'proxy_grpc_close: (token: number) => vm.grpcClose(token >>> 0),',
      'proxy_grpc_close: (token: number) => vm.grpcCancel(token >>> 0),',
    ],
    [
      'closes what is to be cancelled',
      'proxy_grpc_cancel: (token: number) => vm.grpcCancel(token >>> 0),',
      'proxy_grpc_cancel: (token: number) => vm.grpcClose(token >>> 0),',
    ],
    ['has no gRPC status', 'memory.writeU32(codeAt, vm.grpcStatus.code);', 'memory.writeU32(codeAt, 0);'],
    ['gives shared data without its number', 'if (status === Status.OK) memory.writeU32(casAt, found.cas);', ''],
    [
      'writes shared data in any case',
      'memory.bytes(valueAt, valueSize), cas >>> 0),',
      'memory.bytes(valueAt, valueSize), 0),',
    ],
    [
      'keeps the token of a queue to itself',
      'memory.writeU32(tokenAt, vm.registerQueue(name(nameAt, nameSize)));',
      'vm.registerQueue(name(nameAt, nameSize));',
    ],
    [
      'says "empty" of a queue that is not there',
      'if (token === undefined) return Status.NOT_FOUND;',
      'if (token === undefined) return Status.EMPTY;',
    ],
    [
      'hands over no item',
      'vm.enqueue(token >>> 0, memory.bytes(itemAt, itemSize)),',
      'vm.enqueue(token >>> 0, new Uint8Array()),',
    ],
    [
      'says "ok" of an empty queue',
      "return typeof item === 'number' ? item : give(item, pointerAt, sizeAt);",
      "return typeof item === 'number' ? Status.OK : give(item, pointerAt, sizeAt);",
    ],
    [
      'says "not found" of a type of metric that is none',
      'if (id === undefined) return Status.BAD_ARGUMENT;',
      'if (id === undefined) return Status.NOT_FOUND;',
    ],
    ['counts down', 'vm.metrics.increment(id >>> 0, offset),', 'vm.metrics.record(id >>> 0, offset),'],
    ['records nothing', 'vm.metrics.record(id >>> 0, value),', 'Status.OK,'],
    ['gives a metric’s value in 32 bits', 'memory.writeU64(at, value);', 'memory.writeU32(at, Number(value));'],
    [
      'says "ok" of a function that is not there',
      'if (found === undefined) return Status.NOT_FOUND;\n      const { status',
      'if (found === undefined) return Status.OK;\n      const { status',
    ],
    ['gives an answer that nobody wants', 'if (pointerAt !== 0) {', 'if (pointerAt !== -1) {'],
    ['continues what cannot be', 'if (type === StreamType.UPSTREAM) return Status.UNIMPLEMENTED;', ''],
    [
      'continues responses as requests',
      'proxy_continue_response: () => resume(1),',
      'proxy_continue_response: () => resume(0),',
    ],
    ['closes nothing', 'vm.active().closeStream(type as StreamType);', ''],
    ['gives another log level', 'memory.writeU32(at, vm.logLevel);', 'memory.writeU32(at, 2);'],
    [
      'goes on without memory for an answer',
      'pointer = vm.allocate(result.length);\n          if (pointer === 0)',
      'pointer = vm.allocate(result.length);\n          if (pointer === -1)',
    ],
    [
      'takes mistakes of the host for the module’s',
      'if (error instanceof GuestMemoryError) return Status.INVALID_MEMORY_ACCESS;',
      'if (error instanceof RangeError) return Status.INVALID_MEMORY_ACCESS;',
    ],
  ]),
  ...rows('wasm-host', 'src/guest-memory.ts', 'src/hostcalls.test.ts', [
    [
      'reaches one byte beyond the memory',
      'if (start + count > this.#bytes.length) throw',
      'if (start + count > this.#bytes.length + 1) throw',
    ],
    ['takes pointers beyond 2 GiB for negative ones', 'const start = pointer >>> 0;', 'const start = pointer;'],
  ]),
  ...rows('wasm-host', 'src/wasi.ts', 'src/wasi.test.ts', [
    ['counts no calls of WASI', 'host.spend();', ''],
    ['writes to files', 'if (!isOutput(fd)) return BAD_FD;\n    if (count', 'if (count'],
    ['gathers any number of pieces', 'if (count >>> 0 > MAX_VECTORS) return INVALID;', ''],
    ['gathers more than the module has', 'if (written > memory.size) return INVALID;', ''],
    ['gives any number of random bytes', 'if (length >>> 0 > 64 * 1024) return INVALID;', ''],
    ['has one clock', 'id === 0 ? host.nowNs() : id === 1 ? host.monotonicNs() : undefined;', 'host.nowNs();'],
    [
      'takes mistakes of the host for the module’s',
      'if (error instanceof GuestMemoryError) return FAULT;',
      'if (error instanceof RangeError) return FAULT;',
    ],
  ]),
  ...rows('wasm-host', 'src/wasm-module.ts', 'src/bounds.test.ts', [
    ['takes memories that it cannot limit', 'if (count > 1 || flags > 1) {', 'if (count > 9 || flags > 9) {'],
  ]),
  ...rows('wasm-host', 'src/wasm-binary.ts', 'src/metering.test.ts', [
    [
      'fails of itself at numbers of more than 32 bits',
      'if (value > 0xffff_ffff) throw new BinaryError(`the number at ${start} has more than 32 bits`);',
      '',
    ],
  ]),
  ...rows('wasm-host', 'src/wasm-vm.ts', 'src/bounds.test.ts', [
    ['lets timers of closed plugins run', 'this.#ticks.get(id)?.();', ''],
    [
      'takes long periods for short ones',
      'setInterval(run, Math.min(periodMs, LONGEST_TIMER_MS));',
      'setInterval(run, periodMs);',
    ],
  ]),
  ...rows('wasm-host', 'src/wasm-vm.ts', 'src/metering.test.ts', [
    ['counts no host calls', 'this.#unpaidCalls += 1;', ''],
    [
      'counts no bytes',
      'this.#unpaidCalls * INSTRUCTIONS_PER_HOSTCALL + this.memory.reached;',
      'this.#unpaidCalls * INSTRUCTIONS_PER_HOSTCALL;',
    ],
    ['never fills the meter again', 'if (outer === undefined) this.#fillBudget();', ''],
  ]),
  ...rows('wasm-host', 'src/context-ids.ts', 'src/bounds.test.ts', [
    ['uses a context’s number twice', 'while (id === 0 || isUsed(id))', 'while (id === 0)'],
    ['has a context 0', 'while (id === 0 || isUsed(id))', 'while (isUsed(id))'],
  ]),
  ...rows('wasm-host', 'src/shared-data.ts', 'src/bounds.test.ts', [
    ['keeps any amount of shared data', 'if (bytes > this.#maxBytes) return Status.INTERNAL_FAILURE;', ''],
    ['counts what was replaced', '- (before === undefined ? -key.length : before.value.length)', '+ key.length'],
  ]),
  ...rows('wasm-host', 'src/shared-data.ts', 'src/wasm-process.test.ts', [
    [
      'replaces what has another number',
      'if (before !== undefined && cas !== 0 && before.cas !== cas) return Status.CAS_MISMATCH;',
      '',
    ],
  ]),
  ...rows('wasm-host', 'src/shared-queues.ts', 'src/bounds.test.ts', [
    [
      'keeps any number of items',
      'if (this.#bytes + item.length + ITEM_BYTES > this.#maxBytes) return Status.INTERNAL_FAILURE;',
      '',
    ],
    ['counts what was taken', 'this.#bytes -= item.length + ITEM_BYTES;', ''],
  ]),
  ...rows('wasm-host', 'src/shared-queues.ts', 'src/wasm-process.test.ts', [
    ['gives the newest item first', 'const item = queue.items.shift();', 'const item = queue.items.pop();'],
    ['tells who opened a queue first', 'else queue.listener = listener;', ''],
  ]),
  ...rows('wasm-host', 'src/metrics.ts', 'src/bounds.test.ts', [
    ['keeps all samples', 'if (metric.samples.length > MAX_SAMPLES) metric.samples.shift();', ''],
    [
      'keeps any number of metrics',
      'if (this.#bytes + name.length + METRIC_BYTES > this.#maxBytes) return undefined;',
      '',
    ],
  ]),
  ...rows('wasm-host', 'src/metrics.ts', 'src/metrics.test.ts', [
    ['counts down', 'if (type === MetricType.COUNTER && offset <= 0n) return Status.BAD_ARGUMENT;', ''],
    ['adds to gauges', 'metric.value = unsigned;', 'metric.value += unsigned;'],
  ]),
  ...rows('wasm-host', 'src/set-properties.ts', 'src/bounds.test.ts', [
    [
      'keeps properties of any size',
      'if (bytes > MAX_BYTES || (isNew && properties.size >= MAX_PROPERTIES)) return',
      'if (isNew && properties.size >= MAX_PROPERTIES) return',
    ],
    [
      'keeps any number of properties',
      'if (bytes > MAX_BYTES || (isNew && properties.size >= MAX_PROPERTIES)) return',
      'if (bytes > MAX_BYTES) return',
    ],
  ]),
  ...rows('wasm-host', 'src/header-pairs.ts', 'src/header-pairs.test.ts', [
    [
      'reads any number of pairs',
      'if (count > MAX_PAIRS || at > bytes.length) return undefined;',
      'if (at > bytes.length) return undefined;',
    ],
    [
      'reads pairs that go beyond their end',
      'if (end > bytes.length || bytes[valueAt - 1] !== 0 || bytes[end - 1] !== 0) return undefined;',
      'if (bytes[valueAt - 1] !== 0) return undefined;',
    ],
    ['reads bytes behind the last pair', 'return at === bytes.length ? pairs : undefined;', 'return pairs;'],
  ]),
  ...rows('wasm-host', 'src/http-context.ts', 'src/bounds.test.ts', [
    ['keeps the contexts of streams that are over', 'this.#vm.removeContext(this.id);', ''],
  ]),
  ...rows('wasm-host', 'src/http-context.ts', 'src/plugin.test.ts', [
    [
      'makes no context of a stream',
      "vm.call('proxy_on_context_create', this, [this.id, root.id], () => undefined);",
      '',
    ],
  ]),
  ...rows('wasm-host', 'src/root-context.ts', 'src/plugin.test.ts', [
    [
      'starts what refuses to start',
      "root.#check('start-refused', 'its start', isStarted ?? !vm.has('proxy_on_vm_start'));",
      '',
    ],
    [
      'runs with a configuration that is refused',
      "root.#check('configuration-refused', 'its configuration', isConfigured ?? !vm.has('proxy_on_configure'));",
      '',
    ],
    ['does not wait for what wants to finish', 'if (isDone) finish();', 'if (isDone || this.id > 0) finish();'],
  ]),
  ...rows('wasm-host', 'src/wasm-vm.ts', 'src/testing/in-flight.test.ts', [
    [
      'keeps callouts that were answered',
      'if (!this.#httpCalls.delete(token)) return;',
      'if (!this.#httpCalls.has(token)) return;',
    ],
    ['goes on with callouts when it ends', 'for (const cancel of this.#httpCalls.values()) cancel();', ''],
  ]),
  ...rows('wasm-host', 'src/grpc-calls.ts', 'src/testing/in-flight.test.ts', [
    [
      'goes on with gRPC calls when the VM ends',
      'if (!isRemoteClosed) handle.cancel();',
      'if (isRemoteClosed) handle.cancel();',
    ],
    [
      'tells of streams that are cancelled',
      'if (this.#entries.get(token)?.isRemoteClosed === false) tell();',
      'tell();',
    ],
  ]),
  ...rows('wasm-host', 'src/http-context.ts', 'src/testing/in-flight.test.ts', [
    ['takes away at the log what the module holds', 'this.#request.body = undefined;', 'clear(this.#request);'],
  ]),
  ...rows('wasm-host', 'src/cel/foreign-functions.ts', 'src/cel/foreign-functions.test.ts', [
    ['forgets no expression', 'expressionsOf(caller).delete(token);', ''],
    ['keeps any number of expressions', 'if (this.#byToken.size >= MAX_EXPRESSIONS) return undefined;', ''],
  ]),
  ...rows('wasm-sdk', 'src/exports-source.ts', 'src/hooks.test.ts', [
    [
      'keeps contexts that were deleted',
      "'  const context = takeContext(id);',",
      "'  const context: Object | null = null;',",
    ],
  ]),
  ...rows('wasm-tools', 'src/module-checks.ts', 'src/module-checks.test.ts', [
    ['lets a start section pass', 'if (!hasStartSection) return [];', 'return [];'],
    [
      'lets unknown imports of WASI pass',
      'const wanted = isWasi ? ownEntry(WASI_CALLS, name)',
      'const wanted = isWasi ? (ownEntry(WASI_CALLS, name) ?? signature)',
    ],
    [
      'takes the functions of any module for hostcalls',
      "module === 'env' ? ownEntry(HOSTCALLS, name) : undefined;",
      'ownEntry(HOSTCALLS, name);',
    ],
    ['lets imported memories pass', '...binary.otherImports.map((one) => ({', '...[].map((one) => ({'],
    [
      'lets hostcalls of another version pass',
      "if (typeof wanted !== 'string' && !isIn(wanted, version)) {",
      "if (typeof wanted !== 'string' && !isIn(wanted, version) && version === undefined) {",
    ],
    ['lets imports of another type pass', 'if (signature === own) return [];', 'return [];'],
    ['lets callbacks of another type pass', 'if (signature === wanted) return [];', 'return [];'],
    ['wants no marker', 'if (version !== undefined) return [];', 'return [];'],
    ['wants no memory', 'if (!exportsMemory) {', 'if (!exportsMemory && exports === undefined) {'],
    [
      'wants no allocator',
      "if (!exports.has('malloc') && !exports.has('proxy_on_memory_allocate')) {",
      "if (!exports.has('malloc') && exports.has('proxy_on_memory_allocate') && !exportsMemory) {",
    ],
  ]),
  ...rows('wasm-tools', 'src/wasm-binary.ts', 'src/module-checks.test.ts', [
    ['sees no start section', 'hasStartSection = true;', ''],
  ]),
  ...rows('wasm-tools', 'src/compile-module.ts', 'src/build-flags.test.ts', [
    [
      'leaves the module a start section',
      "...['--baseDir', folder, '--outFile', OUT_FILE, '--exportStart', '_initialize'],",
      "...['--baseDir', folder, '--outFile', OUT_FILE],",
    ],
    ['passes no flags on', '...(options.flags ?? []),', ''],
  ]),
  ...rows('wasm-tools', 'src/build-filter.ts', 'src/build-flags.test.ts', [
    ['forgets the limit of the memory', "'--maximumMemory', String(MAX_MEMORY_PAGES)],", '],'],
    [
      'leaves in what only a browser has',
      '...REPLACED_GLOBALS.flatMap((one) => [',
      '...REPLACED_GLOBALS.slice(0, 0).flatMap((one) => [',
    ],
    ['never optimises', '...((options.optimize ?? true) ? OPTIMIZED : UNOPTIMIZED),', '...UNOPTIMIZED,'],
    ['keeps no names', "...((options.names ?? true) ? ['--debug'] : []),", ''],
    ['overrules the author’s flags', '      ...(options.flags ?? []),', ''],
  ]),
  ...rows('wasm-tools', 'src/trap-log.ts', 'src/trap-log.test.ts', [
    [
      'takes the reason from any line',
      "text.startsWith('abort: ') || /^.* \\(.*:\\d+:\\d+\\)$/.test(text)",
      'text.length > 0',
    ],
    [
      'takes any module for the one that failed',
      'const best = ranked[0] !== undefined && ranked[0].hits > 0 ? ranked[0] : undefined;',
      'const best = ranked.at(-1);',
    ],
    [
      'reads offsets as decimal numbers',
      'Number.parseInt(offset, 16), name });',
      'Number.parseInt(offset, 10), name });',
    ],
    [
      'shows lines of the library for the author’s',
      "const own = places.find(({ file }) => !file.startsWith('~lib/'));",
      'const own = places[0];',
    ],
  ]),
  ...rows('wasm-tools', 'src/traced-module.ts', 'src/trap-log.test.ts', [
    ['counts lines from 0', 'return { file, line: line + 1,', 'return { file, line,'],
    ['looks no further than the library', 'if (!isLibrary) break;', 'break;'],
  ]),
  ...rows('wasm-tools', 'src/watch-filter.ts', 'src/watch-sources.test.ts', [
    ['tells of builds when it is closed', 'isClosed = true;', ''],
    ['watches the filter’s own folder only', '...files.map((file) => dirname(file))]);', ']);'],
    [
      'says that what failed was built',
      "(error: Error): WatchEvent => ({ type: 'failed', error }),",
      "(error: Error): WatchEvent => ({ type: 'built', error }),",
    ],
  ]),
  ...batch('first', 'encodings', [
    ['base64.ts', 'not exactly base64', 'reads bits that are left over', 'if ((group & 15) != 0) return null;', ''],
    [
      'hex.ts',
      'hexadecimal',
      'reads digits that are none',
      'if (high < 0 || low < 0) return null;',
      'if (high < 0) return null;',
    ],
    [
      'constant-time.ts',
      'secrets compare',
      'compares eight bytes at a time, and the rest not',
      'for (; index < length; index++) difference |= ',
      'for (; index < 0; index++) difference |= ',
    ],
    [
      'percent.ts',
      'percent coding',
      'reads what is not encoded right',
      'if (load<u8>(start + index) != 0x25) continue;',
      'if (index >= 0) continue;',
    ],
    ['glob.ts', 'globs are', 'takes "?" for itself', 'kind = ANY_CHARACTER;', 'kind = BYTE;'],
    ['query.ts', 'a path without a parameter', 'begins a query with "&"', 'if (!isFirst) text += "&";', 'text += "&";'],
    ['cookies.ts', 'a cookie that is set', 'shows cookies to scripts', 'if (this.httpOnly) text += "; HttpOnly";', ''],
    ['url.ts', 'the parts of URL', 'has ports beyond 65535', 'return port <= 65535;', 'return true;'],
    [
      'trace-context.ts',
      'traceparent',
      'reads identifiers of zeros',
      'if (isZero(value, 3, 35) || isZero(value, 36, 52)) return null;',
      '',
    ],
    [
      'trace-context.ts',
      'tracestate keeps',
      'puts new members behind',
      'this.keys.unshift(key);',
      'this.keys.push(key);',
    ],
    [
      'protobuf.ts',
      'a message is written',
      'writes negative numbers wrong',
      '(value << 1) ^ (value >> 63)',
      'value << 1',
    ],
    ['hmac.ts', 'sha256 and HMAC', 'pads both hashes alike', 'this.start(0x5c);', 'this.start(0x36);'],
  ]),
  ...batch('second', 'encodings', [
    ['sha256.ts', 'sha256 and HMAC', 'leaves out a round', 'h += s0(a) + majority(a, b, c);', 'h += s0(a);'],
    [
      'base64.ts',
      'base64 and base64url',
      'writes base64url with "+"',
      'bytes.byteLength, 0x2d, 0x5f, false);',
      'bytes.byteLength, 0x2b, 0x5f, false);',
    ],
    ['query.ts', 'a query is read', 'takes "+" for itself', 'end - start, true));', 'end - start, false));'],
  ]),
  ...batch('first', 'json', [
    [
      'json/scan.ts',
      'levels and bytes',
      'reads any number of levels',
      'if (++depth > maxDepth) return this.fail(JsonProblem.TOO_DEEP, at);',
      '++depth;',
    ],
  ]),
  ...batch('first', 'jwt', [
    [
      'jwt.ts',
      'a key id',
      'takes any key',
      'return this.keyId.length == 0 || key.id.length == 0 || this.keyId == key.id;',
      'return true;',
    ],
    ['jwt.ts', '"aud":[', 'knows one audience only', 'if (audience.isArray) {', 'if (audience.isArray && false) {'],
    [
      'jwt.ts',
      'expired',
      'takes tokens that have expired',
      'if (expiry.exists && nowSeconds >= expiry.f64Or(0) + this.clockSkewSeconds)',
      'if (expiry.exists && nowSeconds < 0)',
    ],
    [
      'jwt.ts',
      'iwiY3JpdCI6',
      'takes extensions that it does not understand',
      'if (this.header.get("crit").exists)',
      'if (this.header.get("none").exists)',
    ],
  ]),
  ...batch('second', 'jwt', [
    [
      'jwt.ts',
      'each algorithm verifies',
      'takes any HMAC',
      'return equalsConstantTime(hmacSha256(key.bytes, this.signed), this.signature);',
      'return true;',
    ],
  ]),
  ...batch('first', 'regex', [
    [
      'regex-compiler.ts',
      'matches what ECMAScript matches',
      'is lazy where it should not be',
      'targets(program, start, start + 1, program.length, isLazy);',
      'targets(program, start, start + 1, program.length, !isLazy);',
    ],
  ]),
  ...batch('first', 'features', [
    [
      'http-context.ts',
      'whose length is corrected',
      'leaves the length of a changed body',
      'if (endOfStream) headers.set("content-length", bodyOf(direction).size.toString());',
      'if (endOfStream) return;',
    ],
    [
      'http-context.ts',
      'that are too large are refused',
      'does not answer to bodies that are too large',
      'this.reply(direction == REQUEST ? 413 : 500, "", "body_over_limit");',
      '',
    ],
    [
      'http-context.ts',
      'forgets to resume',
      'leaves streams hanging that nobody resumes',
      'this.reply(500, "", "left_paused");',
      '',
    ],
    [
      'http-context.ts',
      'that cannot be made',
      'leaves streams hanging whose callout was not made',
      'sendReply(500, emptyBytes(), utf8(calloutFailed), null, -1);',
      '',
    ],
    [
      'http-context.ts',
      'a stream can be reset',
      'resets nothing',
      'return proxy_close_stream(REQUEST) == 0;',
      'return true;',
    ],
    [
      'http-context.ts',
      'do not change unannounced',
      'changes bodies whose length has gone on',
      'if ((state & (ANNOUNCED | HOLDS_HEADERS)) == 0) return false;',
      '',
    ],
    [
      'exports.ts',
      'trailers are seen',
      'does not call onRequestTrailers',
      '<u32>changetype<usize>(context.onRequestTrailers())',
      '0',
    ],
    ['exports.ts', 'several timers', 'does not call timers', '  tick(id);', ''],
    [
      'exports.ts',
      'of responses are collected',
      'does not call onResponseBody',
      'return passBody(id, 1, size, end);',
      'return 0;',
    ],
  ]),
  ...batch('second', 'features', [
    ['exports.ts', 'are answered in the name', 'does not call who waits for a callout', '  endHttpCall(token);', ''],
    [
      'exports.ts',
      'bodies are waited for',
      'does not call onRequestBody',
      'return passBody(id, 0, size, end);',
      'return 0;',
    ],
    [
      'exports.ts',
      'trailers are seen',
      'does not call onResponseTrailers',
      '<u32>changetype<usize>(context.onResponseTrailers())',
      '0',
    ],
    [
      'exports.ts',
      'kept for the response',
      'does not call onResponseHeaders',
      '<u32>changetype<usize>(context.onResponseHeaders(end != 0))',
      '0',
    ],
  ]),
  ...batch('first', 'plugins', [
    ['exports.ts', 'a unary call is answered', 'does not call who waits for a message', '  grpcMessage(token);', ''],
    [
      'exports.ts',
      'queues are opened',
      'does not call onQueueReady',
      'root.onQueueReady(new SharedQueue(token));',
      '{}',
    ],
    [
      'exports.ts',
      'connections',
      'does not call onNewConnection',
      '<u32>changetype<usize>(context.onNewConnection());',
      '0;',
    ],
    [
      'exports.ts',
      'does not start',
      'does not call onStart',
      'root === null || root.onStart(readConfiguration(6, size));',
      'true;',
    ],
  ]),
  ...batch('second', 'plugins', [
    ['exports.ts', 'gRPC', 'does not call who waits for the end', '  grpcClosed(token, status);', ''],
    [
      'exports.ts',
      'connections',
      'does not call onDownstreamClose',
      'if (context !== null) context.onDownstreamClose(<ClosedBy>by);',
      '',
    ],
    ['exports.ts', 'each stream', 'does not call onLog', 'changetype<HttpContext>(context).onLog();', '{}'],
  ]),
  ...batch('third', 'plugins', [
    [
      'exports.ts',
      'connections',
      'does not call onDownstreamData',
      '<u32>changetype<usize>(context.onDownstreamData(size, end != 0));',
      '0;',
    ],
    [
      'exports.ts',
      'a stream goes both ways',
      'does not call who waits for initial metadata',
      '  grpcInitialMetadata(token);',
      '',
    ],
  ]),
  ...batch('fourth', 'plugins', [
    [
      'exports.ts',
      'connections',
      'does not call onUpstreamData',
      '<u32>changetype<usize>(context.onUpstreamData(size, end != 0));',
      '0;',
    ],
    [
      'exports.ts',
      'a stream goes both ways',
      'does not call who waits for trailing metadata',
      '  grpcTrailingMetadata(token);',
      '',
    ],
  ]),
  ...batch('first', 'hooks', [
    [
      'exports.ts',
      'that refuses its configuration',
      'runs with a configuration that is refused',
      'root !== null && root.onConfigure(readConfiguration(7, size));',
      'root !== null && (root.onConfigure(readConfiguration(7, size)) || true);',
    ],
    [
      'exports.ts',
      'hears of a function',
      'does not call onForeignFunction',
      'root.onForeignFunction(functionId, argument);',
      '{}',
    ],
    [
      'exports.ts',
      'of its upstream before',
      'does not call onUpstreamClose',
      'if (context !== null) context.onUpstreamClose(<ClosedBy>by);',
      '',
    ],
    [
      'exports.ts',
      'is told when it ends',
      'does not call onDone of plugins',
      'isDone = changetype<RootContext>(context).onDone();',
      '{}',
    ],
    [
      'exports.ts',
      'of a request: log, then done',
      'does not call onDone of requests',
      'changetype<HttpContext>(context).onDone();',
      '{}',
    ],
    [
      'exports.ts',
      'are refused if they are requests',
      'lets requests pass that no class is for',
      'if (context === null) sendReply(500, emptyBytes(), utf8("no_context"), null, -1);',
      'if (context === null) result = 0;',
    ],
    ['foreign.ts', 'declares String', 'declares bytes only', '.uint64(3, type)', '.uint64(3, 0)'],
    [
      'foreign.ts',
      'request.path == "/cel" of /other',
      'takes every value for true',
      'value.byteLength == 1 && load<u8>(changetype<usize>(value)) != 0;',
      'value.byteLength == 1;',
    ],
  ]),
  ...batch('second', 'hooks', [
    [
      'exports.ts',
      'hears of a function',
      'reads no argument of onForeignFunction',
      'proxy_get_buffer_bytes(8, 0, size, OUT, OUT + 4) == 0 ? given() : emptyBytes();',
      'emptyBytes();',
    ],
    [
      'exports.ts',
      'is told of a connection',
      'does not call onDone of connections',
      'else changetype<TcpContext>(context).onDone();',
      '',
    ],
    [
      'foreign.ts',
      'declares String, read-only',
      'declares nothing read-only',
      '.uint64(2, isReadOnly)',
      '.uint64(2, 0)',
    ],
    ['foreign.ts', 'declares Protobuf', 'declares for the filter chain only', '.uint64(5, span)', '.uint64(5, 0)'],
    [
      'foreign.ts',
      'is forgotten when it is deleted',
      'forgets no expression',
      'callForeignFunction("expr_delete", this.token);',
      '',
    ],
  ]),
];
