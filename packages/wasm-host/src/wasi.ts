import type { GuestMemory } from './guest-memory.ts';
import { encodeText, GuestMemoryError } from './guest-memory.ts';

/** What WASI needs of the machine around the module. */
export interface WasiHost {
  memory(): GuestMemory;
  /** Counts a call of the module's; throws if it has made more than a callback may. */
  spend(): void;
  /** The module's environment variables. */
  readonly environment: ReadonlyMap<string, string>;
  /** Nanoseconds since the epoch. */
  nowNs(): bigint;
  /** Nanoseconds of a clock that never goes back. */
  monotonicNs(): bigint;
  /** A line written to standard output or standard error. */
  print(isError: boolean, text: string): void;
  fillRandom(bytes: Uint8Array<ArrayBuffer>): void;
}

// Errors of wasi_snapshot_preview1 (WebAssembly/WASI, legacy/preview1/docs.md, `errno`).
const SUCCESS = 0;
const BAD_FD = 8;
const FAULT = 21;
const INVALID = 28;
const NO_ENTRY = 44;
const NO_SYSTEM_CALL = 52;
const NOT_SUPPORTED = 58;
/** What Envoy says of a folder. */
const NOT_A_DIRECTORY = 20;

/** Pieces of one write, as IOV_MAX of Linux. */
const MAX_VECTORS = 1024;

const STDOUT = 1;
const STDERR = 2;

/** A call of the module. WebAssembly gives i32 as number and i64 as bigint. */
type WasiCall = (...args: never[]) => number | void;

/** WASI as Envoy offers it: output goes to the log, there are no files, no arguments and no sockets. */
export function wasiImports(host: WasiHost): Record<string, WasiCall> {
  const calls: Record<string, (...args: never[]) => number | void> = {};
  for (const [name, run] of Object.entries(uncounted(host))) {
    calls[name] = (...args) => {
      host.spend();
      return run(...args);
    };
  }
  return calls;
}

function uncounted(host: WasiHost): Record<string, WasiCall> {
  const isOutput = (fd: number) => fd === STDOUT || fd === STDERR;
  const ofOutput = (fd: number) => (isOutput(fd) ? SUCCESS : BAD_FD);

  /** Runs a call that touches the module's memory. */
  const guarded =
    <Args extends readonly unknown[]>(run: (memory: GuestMemory, ...args: Args) => number) =>
    (...args: Args): number => {
      try {
        return run(host.memory(), ...args);
      } catch (error) {
        if (error instanceof GuestMemoryError) return FAULT;
        throw error;
      }
    };

  const write = (memory: GuestMemory, fd: number, vectors: number, count: number, writtenAt: number): number => {
    if (!isOutput(fd)) return BAD_FD;
    if (count >>> 0 > MAX_VECTORS) return INVALID;
    const parts: string[] = [];
    let written = 0;
    for (let index = 0; index < count >>> 0; index += 1) {
      const pointer = memory.readU32(vectors + index * 8);
      const length = memory.readU32(vectors + index * 8 + 4);
      written += length;
      // Many vectors may name the same bytes: the host would hold more than the module has.
      if (written > memory.size) return INVALID;
      parts.push(memory.text(pointer, length));
    }
    const text = parts.join('');
    if (written > 0) host.print(fd === STDERR, text.endsWith('\n') ? text.slice(0, -1) : text);
    memory.writeU32(writtenAt, written);
    return SUCCESS;
  };

  const clock = (id: number): bigint | undefined =>
    id === 0 ? host.nowNs() : id === 1 ? host.monotonicNs() : undefined;

  const variables = (): Uint8Array[] => [...host.environment].map(([name, value]) => encodeText(`${name}=${value}\0`));

  return {
    args_get: () => SUCCESS,
    args_sizes_get: guarded((memory, countAt: number, sizeAt: number) => {
      memory.writeU32(countAt, 0);
      memory.writeU32(sizeAt, 0);
      return SUCCESS;
    }),
    environ_get: guarded((memory, listAt: number, bufferAt: number) => {
      let list = listAt;
      let buffer = bufferAt;
      for (const variable of variables()) {
        memory.writeU32(list, buffer);
        memory.write(buffer, variable);
        list += 4;
        buffer += variable.length;
      }
      return SUCCESS;
    }),
    environ_sizes_get: guarded((memory, countAt: number, sizeAt: number) => {
      const all = variables();
      memory.writeU32(countAt, all.length);
      memory.writeU32(
        sizeAt,
        all.reduce((sum, { length }) => sum + length, 0),
      );
      return SUCCESS;
    }),
    clock_time_get: guarded((memory, id: number, _precision: bigint, at: number) => {
      const now = clock(id);
      if (now === undefined) return NOT_SUPPORTED;
      memory.writeU64(at, now);
      return SUCCESS;
    }),
    clock_res_get: guarded((memory, id: number, at: number) => {
      if (clock(id) === undefined) return NOT_SUPPORTED;
      memory.writeU64(at, 1n);
      return SUCCESS;
    }),
    random_get: guarded((memory, at: number, length: number) => {
      // Envoy refuses what no module needs at once.
      if (length >>> 0 > 64 * 1024) return INVALID;
      host.fillRandom(memory.view(at, length));
      return SUCCESS;
    }),
    sched_yield: () => SUCCESS,
    poll_oneoff: guarded((memory, _in: number, _out: number, _count: number, eventsAt: number) => {
      memory.writeU32(eventsAt, 0);
      return SUCCESS;
    }),
    proc_exit: (code: number) => host.print(true, `the module wants to end itself with code ${code}, which it cannot`),
    fd_write: guarded(write),
    fd_pwrite: guarded((memory, fd: number, vectors: number, count: number, _offset: bigint, writtenAt: number) =>
      write(memory, fd, vectors, count, writtenAt),
    ),
    fd_read: () => NO_SYSTEM_CALL,
    fd_pread: () => NO_SYSTEM_CALL,
    fd_seek: () => SUCCESS,
    fd_close: () => SUCCESS,
    fd_tell: guarded((memory, fd: number, at: number) => {
      if (!isOutput(fd)) return BAD_FD;
      memory.writeU64(at, 0n);
      return SUCCESS;
    }),
    fd_advise: () => SUCCESS,
    fd_allocate: ofOutput,
    fd_datasync: ofOutput,
    fd_sync: ofOutput,
    fd_fdstat_get: guarded((memory, fd: number, at: number) => {
      if (!isOutput(fd)) return BAD_FD;
      memory.writeU64(at, 0n);
      // The right to write.
      memory.writeU64(at + 8, 64n);
      memory.writeU64(at + 16, 0n);
      return SUCCESS;
    }),
    fd_fdstat_set_flags: () => NO_SYSTEM_CALL,
    fd_fdstat_set_rights: ofOutput,
    fd_filestat_get: () => BAD_FD,
    fd_filestat_set_size: ofOutput,
    fd_filestat_set_times: ofOutput,
    fd_prestat_get: () => BAD_FD,
    fd_prestat_dir_name: () => NO_SYSTEM_CALL,
    fd_readdir: guarded((memory, _fd: number, _buffer: number, _length: number, _cookie: bigint, at: number) => {
      memory.writeU32(at, 0);
      return NOT_A_DIRECTORY;
    }),
    fd_renumber: (from: number, to: number) => (isOutput(from) && isOutput(to) ? NOT_SUPPORTED : BAD_FD),
    path_open: () => NO_ENTRY,
    path_create_directory: () => NOT_SUPPORTED,
    path_filestat_get: () => NOT_SUPPORTED,
    path_filestat_set_times: () => NOT_SUPPORTED,
    path_link: () => NOT_SUPPORTED,
    path_readlink: guarded(
      (memory, _fd: number, _path: number, _length: number, _to: number, _room: number, at: number) => {
        memory.writeU32(at, 0);
        return NOT_SUPPORTED;
      },
    ),
    path_remove_directory: () => NOT_SUPPORTED,
    path_rename: () => NOT_SUPPORTED,
    path_symlink: () => NOT_SUPPORTED,
    path_unlink_file: () => NOT_SUPPORTED,
    sock_accept: guarded((memory, _fd: number, _flags: number, at: number) => {
      memory.writeU64(at, 0n);
      return NOT_SUPPORTED;
    }),
    sock_recv: guarded(
      (memory, _fd: number, _to: number, _room: number, _flags: number, lengthAt: number, flagsAt: number) => {
        memory.writeU32(lengthAt, 0);
        memory.write(flagsAt, new Uint8Array(2));
        return NOT_SUPPORTED;
      },
    ),
    sock_send: guarded((memory, _fd: number, _from: number, _length: number, _flags: number, at: number) => {
      memory.writeU32(at, 0);
      return NOT_SUPPORTED;
    }),
    sock_shutdown: () => NOT_SUPPORTED,
  };
}
