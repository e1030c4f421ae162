import { type BufferType, LogLevel, type MapType, Status, StreamType } from './abi.ts';
import type { GuestContext } from './context.ts';
import type { ForeignCaller, ForeignFunction } from './foreign-functions.ts';
import type { GuestBuffer } from './guest-buffer.ts';
import { encodeText, type GuestMemory, GuestMemoryError } from './guest-memory.ts';
import { byteSize, type HeaderMap } from './header-map.ts';
import { decodePairs, type HeaderPair, pairsSize } from './header-pairs.ts';
import type { Metrics } from './metrics.ts';
import type { SharedData } from './shared-data.ts';

/** The machine that hostcalls act on; see `WasmVm`. */
export interface HostcallTarget {
  readonly memory: GuestMemory;
  readonly abiVersion: string;
  readonly logLevel: LogLevel;
  readonly metrics: Metrics;
  readonly sharedData: SharedData;
  /** Counts a call of the module's. Throws if it has made more, or handed over more, than a callback may. */
  spend(): void;
  /** The context in whose name the module acts. Throws while the module is being started. */
  active(): GuestContext;
  /** Memory of the module's own allocator; 0 if it gives none. */
  allocate(length: number): number;
  /** Runs something when the module's callback has returned. */
  defer(action: () => void): void;
  stopIteration(): void;
  setEffectiveContext(id: number): boolean;
  headerMap(type: MapType): HeaderMap | undefined;
  buffer(type: BufferType): GuestBuffer | undefined;
  log(level: LogLevel, message: string): void;
  nowNs(): bigint;
  setTickPeriod(milliseconds: number): void;
  done(): Status;
  registerQueue(name: string): number;
  resolveQueue(vmId: string, name: string): number | undefined;
  enqueue(token: number, item: Uint8Array<ArrayBuffer>): Status;
  dequeue(token: number): Uint8Array<ArrayBuffer> | Status;
  httpCall(
    cluster: string,
    headers: readonly HeaderPair[],
    body: Uint8Array<ArrayBuffer>,
    trailers: readonly HeaderPair[],
    timeoutMs: number,
  ): { readonly token: number } | Status;
  grpcCall(
    service: Uint8Array<ArrayBuffer>,
    serviceName: string,
    methodName: string,
    initialMetadata: readonly HeaderPair[],
    message: Uint8Array<ArrayBuffer> | undefined,
    timeoutMs: number,
  ): { readonly token: number } | Status;
  grpcSend(token: number, message: Uint8Array<ArrayBuffer>, endOfStream: boolean): Status;
  grpcClose(token: number): Status;
  grpcCancel(token: number): Status;
  readonly grpcStatus: { readonly code: number; readonly message: string };
  /** A function of the host by name (`proxy_call_foreign_function`); undefined if there is none. */
  foreignFunction(name: string): ForeignFunction | undefined;
  foreignCaller(): ForeignCaller;
  pluginConfiguration(): Uint8Array;
}

const MAX_MAP_TYPE = 7;
const MAX_BUFFER_TYPE = 8;
const MAX_STREAM_TYPE = 3;

type Hostcall = (...args: never[]) => number;

/** What the module can import from `env`, for its version of the ABI, with the status codes that Envoy answers. */
export function hostcalls(vm: HostcallTarget): Record<string, Hostcall> {
  const { memory } = vm;

  /** Gives bytes to the module: in memory of its own allocator, whose pointer and size are written where it said. */
  const give = (bytes: Uint8Array, pointerAt: number, sizeAt: number): Status => {
    let pointer = 0;
    if (bytes.length > 0) {
      pointer = vm.allocate(bytes.length);
      if (pointer === 0) return Status.INVALID_MEMORY_ACCESS;
      memory.write(pointer, bytes);
    }
    memory.writeU32(pointerAt, pointer);
    memory.writeU32(sizeAt, bytes.length);
    return Status.OK;
  };
  /** The same for text of Latin-1 characters. */
  const giveText = (value: string, pointerAt: number, sizeAt: number): Status => {
    let pointer = 0;
    if (value.length > 0) {
      pointer = vm.allocate(value.length);
      if (pointer === 0) return Status.INVALID_MEMORY_ACCESS;
      memory.writeLatin1(pointer, value);
    }
    memory.writeU32(pointerAt, pointer);
    memory.writeU32(sizeAt, value.length);
    return Status.OK;
  };
  /** The same for a map. */
  const givePairs = (all: readonly HeaderPair[], pointerAt: number, sizeAt: number): Status => {
    const size = pairsSize(all);
    let pointer = 0;
    if (size > 0) {
      pointer = vm.allocate(size);
      if (pointer === 0) return Status.INVALID_MEMORY_ACCESS;
      memory.writePairs(pointer, all);
    }
    memory.writeU32(pointerAt, pointer);
    memory.writeU32(sizeAt, size);
    return Status.OK;
  };
  const name = (pointer: number, size: number) => memory.latin1(pointer, size);
  const pairs = (pointer: number, size: number) => decodePairs(memory.view(pointer, size)) ?? [];

  const mapFor = (type: number): HeaderMap | undefined => vm.headerMap(type as MapType);
  const change = (type: number, apply: (map: HeaderMap) => void): Status => {
    const map = mapFor(type);
    if (map === undefined || map.isReadOnly) return Status.BAD_ARGUMENT;
    apply(map);
    return Status.OK;
  };

  const calls: Record<string, Hostcall> = {
    proxy_log: (level: number, pointer: number, size: number) => {
      if (level >>> 0 > LogLevel.CRITICAL) return Status.BAD_ARGUMENT;
      vm.log(level as LogLevel, memory.text(pointer, size));
      return Status.OK;
    },
    proxy_get_current_time_nanoseconds: (at: number) => {
      memory.writeU64(at, vm.nowNs());
      return Status.OK;
    },
    proxy_set_tick_period_milliseconds: (milliseconds: number) => {
      vm.setTickPeriod(milliseconds >>> 0);
      return Status.OK;
    },
    proxy_set_effective_context: (id: number) => (vm.setEffectiveContext(id >>> 0) ? Status.OK : Status.BAD_ARGUMENT),
    proxy_done: () => vm.done(),

    proxy_get_property: (pathAt: number, pathSize: number, pointerAt: number, sizeAt: number) => {
      // Parts end with a NUL; the last one need not.
      const path = memory.text(pathAt, pathSize).split('\0');
      if (path.at(-1) === '') path.pop();
      // Envoy serialises what it has found, which is nothing.
      if (path.length === 0) return Status.SERIALIZATION_FAILURE;
      const value = vm.active().property(path) ?? Status.NOT_FOUND;
      return typeof value === 'number' ? value : give(value, pointerAt, sizeAt);
    },
    proxy_set_property: (keyAt: number, keySize: number, valueAt: number, valueSize: number) =>
      vm.active().setProperty(memory.text(keyAt, keySize), memory.bytes(valueAt, valueSize)),

    proxy_get_header_map_value: (type: number, keyAt: number, keySize: number, pointerAt: number, sizeAt: number) => {
      if (type >>> 0 > MAX_MAP_TYPE) return Status.BAD_ARGUMENT;
      const key = name(keyAt, keySize);
      const map = mapFor(type);
      if (map === undefined) return vm.active().isLogging ? Status.NOT_FOUND : Status.BAD_ARGUMENT;
      const value = map.get(key);
      if (value === undefined && vm.abiVersion !== '0.1.0') return Status.NOT_FOUND;
      return giveText(value ?? '', pointerAt, sizeAt);
    },
    proxy_get_header_map_pairs: (type: number, pointerAt: number, sizeAt: number) => {
      if (type >>> 0 > MAX_MAP_TYPE) return Status.BAD_ARGUMENT;
      return givePairs(mapFor(type)?.pairs() ?? [], pointerAt, sizeAt);
    },
    proxy_get_header_map_size: (type: number, at: number) => {
      if (type >>> 0 > MAX_MAP_TYPE) return Status.BAD_ARGUMENT;
      const map = mapFor(type);
      // Envoy measures only what may be changed.
      if (map === undefined || map.isReadOnly) return Status.BAD_ARGUMENT;
      memory.writeU32(at, byteSize(map));
      return Status.OK;
    },
    proxy_set_header_map_pairs: (type: number, pointer: number, size: number) => {
      if (type >>> 0 > MAX_MAP_TYPE) return Status.BAD_ARGUMENT;
      const all = pairs(pointer, size);
      return change(type, (map) => map.setAll(all));
    },
    proxy_add_header_map_value: (type: number, keyAt: number, keySize: number, valueAt: number, valueSize: number) => {
      if (type >>> 0 > MAX_MAP_TYPE) return Status.BAD_ARGUMENT;
      const [key, value] = [name(keyAt, keySize), name(valueAt, valueSize)];
      return change(type, (map) => map.add(key, value));
    },
    proxy_replace_header_map_value: (
      type: number,
      keyAt: number,
      keySize: number,
      valueAt: number,
      valueSize: number,
    ) => {
      if (type >>> 0 > MAX_MAP_TYPE) return Status.BAD_ARGUMENT;
      const [key, value] = [name(keyAt, keySize), name(valueAt, valueSize)];
      return change(type, (map) => map.replace(key, value));
    },
    proxy_remove_header_map_value: (type: number, keyAt: number, keySize: number) => {
      if (type >>> 0 > MAX_MAP_TYPE) return Status.BAD_ARGUMENT;
      const key = name(keyAt, keySize);
      return change(type, (map) => map.remove(key));
    },

    proxy_get_buffer_bytes: (type: number, start: number, length: number, pointerAt: number, sizeAt: number) => {
      if (type >>> 0 > MAX_BUFFER_TYPE) return Status.BAD_ARGUMENT;
      const buffer = vm.buffer(type as BufferType);
      if (buffer === undefined) return Status.NOT_FOUND;
      const from = start >>> 0;
      const count = Math.max(0, Math.min(length >>> 0, buffer.length - from));
      return give(count === 0 ? new Uint8Array() : buffer.slice(from, count), pointerAt, sizeAt);
    },
    proxy_get_buffer_status: (type: number, lengthAt: number, flagsAt: number) => {
      if (type >>> 0 > MAX_BUFFER_TYPE) return Status.BAD_ARGUMENT;
      const buffer = vm.buffer(type as BufferType);
      if (buffer === undefined) return Status.NOT_FOUND;
      memory.writeU32(lengthAt, buffer.length);
      memory.writeU32(flagsAt, 0);
      return Status.OK;
    },
    proxy_set_buffer_bytes: (type: number, start: number, length: number, pointer: number, size: number) => {
      if (type >>> 0 > MAX_BUFFER_TYPE) return Status.BAD_ARGUMENT;
      const buffer = vm.buffer(type as BufferType);
      if (buffer === undefined) return Status.NOT_FOUND;
      return buffer.write(start >>> 0, length >>> 0, memory.bytes(pointer, size));
    },

    proxy_send_local_response: (
      status: number,
      detailsAt: number,
      detailsSize: number,
      bodyAt: number,
      bodySize: number,
      headersAt: number,
      headersSize: number,
      grpcStatus: number,
    ) => {
      const context = vm.active();
      const reply = {
        status: status >>> 0,
        details: memory.text(detailsAt, detailsSize),
        body: memory.bytes(bodyAt, bodySize),
        headers: pairs(headersAt, headersSize),
        grpcStatus: grpcStatus === -1 ? undefined : grpcStatus >>> 0,
      };
      vm.defer(() => context.sendLocalReply(reply));
      vm.stopIteration();
      return Status.OK;
    },

    proxy_http_call: (
      clusterAt: number,
      clusterSize: number,
      headersAt: number,
      headersSize: number,
      bodyAt: number,
      bodySize: number,
      trailersAt: number,
      trailersSize: number,
      timeoutMs: number,
      tokenAt: number,
    ) => {
      const [cluster, headers] = [memory.text(clusterAt, clusterSize), pairs(headersAt, headersSize)];
      const [body, trailers] = [memory.bytes(bodyAt, bodySize), pairs(trailersAt, trailersSize)];
      memory.writeU32(tokenAt, 0);
      if (timeoutMs < 0) return Status.BAD_ARGUMENT;
      const sent = vm.httpCall(cluster, headers, body, trailers, timeoutMs);
      if (typeof sent === 'number') return sent;
      memory.writeU32(tokenAt, sent.token);
      return Status.OK;
    },
    proxy_grpc_call: (
      serviceAt: number,
      serviceSize: number,
      serviceNameAt: number,
      serviceNameSize: number,
      methodAt: number,
      methodSize: number,
      metadataAt: number,
      metadataSize: number,
      messageAt: number,
      messageSize: number,
      timeoutMs: number,
      tokenAt: number,
    ) => {
      const sent = vm.grpcCall(
        memory.bytes(serviceAt, serviceSize),
        memory.text(serviceNameAt, serviceNameSize),
        memory.text(methodAt, methodSize),
        pairs(metadataAt, metadataSize),
        memory.bytes(messageAt, messageSize),
        timeoutMs >>> 0,
      );
      if (typeof sent === 'number') return sent;
      memory.writeU32(tokenAt, sent.token);
      return Status.OK;
    },
    proxy_grpc_stream: (
      serviceAt: number,
      serviceSize: number,
      serviceNameAt: number,
      serviceNameSize: number,
      methodAt: number,
      methodSize: number,
      metadataAt: number,
      metadataSize: number,
      tokenAt: number,
    ) => {
      const sent = vm.grpcCall(
        memory.bytes(serviceAt, serviceSize),
        memory.text(serviceNameAt, serviceNameSize),
        memory.text(methodAt, methodSize),
        pairs(metadataAt, metadataSize),
        undefined,
        0,
      );
      if (typeof sent === 'number') return sent;
      memory.writeU32(tokenAt, sent.token);
      return Status.OK;
    },
    proxy_grpc_send: (token: number, messageAt: number, messageSize: number, endOfStream: number) =>
      vm.grpcSend(token >>> 0, memory.bytes(messageAt, messageSize), endOfStream !== 0),
    proxy_grpc_close: (token: number) => vm.grpcClose(token >>> 0),
    proxy_grpc_cancel: (token: number) => vm.grpcCancel(token >>> 0),
    proxy_get_status: (codeAt: number, pointerAt: number, sizeAt: number) => {
      memory.writeU32(codeAt, vm.grpcStatus.code);
      return give(encodeText(vm.grpcStatus.message), pointerAt, sizeAt);
    },

    proxy_get_shared_data: (keyAt: number, keySize: number, pointerAt: number, sizeAt: number, casAt: number) => {
      const found = vm.sharedData.get(name(keyAt, keySize));
      if (found === undefined) return Status.NOT_FOUND;
      const status = give(found.value, pointerAt, sizeAt);
      if (status === Status.OK) memory.writeU32(casAt, found.cas);
      return status;
    },
    proxy_set_shared_data: (keyAt: number, keySize: number, valueAt: number, valueSize: number, cas: number) =>
      vm.sharedData.set(name(keyAt, keySize), memory.bytes(valueAt, valueSize), cas >>> 0),
    proxy_register_shared_queue: (nameAt: number, nameSize: number, tokenAt: number) => {
      memory.writeU32(tokenAt, vm.registerQueue(name(nameAt, nameSize)));
      return Status.OK;
    },
    proxy_resolve_shared_queue: (vmAt: number, vmSize: number, nameAt: number, nameSize: number, tokenAt: number) => {
      const token = vm.resolveQueue(memory.text(vmAt, vmSize), name(nameAt, nameSize));
      if (token === undefined) return Status.NOT_FOUND;
      memory.writeU32(tokenAt, token);
      return Status.OK;
    },
    proxy_enqueue_shared_queue: (token: number, itemAt: number, itemSize: number) =>
      vm.enqueue(token >>> 0, memory.bytes(itemAt, itemSize)),
    proxy_dequeue_shared_queue: (token: number, pointerAt: number, sizeAt: number) => {
      const item = vm.dequeue(token >>> 0);
      return typeof item === 'number' ? item : give(item, pointerAt, sizeAt);
    },

    proxy_define_metric: (type: number, nameAt: number, nameSize: number, idAt: number) => {
      const id = vm.metrics.define(type, memory.text(nameAt, nameSize));
      if (id === undefined) return Status.BAD_ARGUMENT;
      memory.writeU32(idAt, id);
      return Status.OK;
    },
    proxy_increment_metric: (id: number, offset: bigint) => vm.metrics.increment(id >>> 0, offset),
    proxy_record_metric: (id: number, value: bigint) => vm.metrics.record(id >>> 0, value),
    proxy_get_metric: (id: number, at: number) => {
      const value = vm.metrics.get(id >>> 0);
      if (typeof value === 'number') return value;
      memory.writeU64(at, value);
      return Status.OK;
    },

    proxy_call_foreign_function: (
      nameAt: number,
      nameSize: number,
      argsAt: number,
      argsSize: number,
      pointerAt: number,
      sizeAt: number,
    ) => {
      const found = vm.foreignFunction(memory.text(nameAt, nameSize));
      const args = memory.bytes(argsAt, argsSize);
      if (found === undefined) return Status.NOT_FOUND;
      const { status, result } = found(args, vm.active(), vm.foreignCaller());
      let pointer = 0;
      if (pointerAt !== 0) {
        if (result.length > 0) {
          pointer = vm.allocate(result.length);
          if (pointer === 0) return Status.INVALID_MEMORY_ACCESS;
          memory.write(pointer, result);
        }
        memory.writeU32(pointerAt, pointer);
      }
      if (sizeAt !== 0) memory.writeU32(sizeAt, result.length);
      return status;
    },
  };

  const resume = (type: StreamType): Status => {
    if (type === StreamType.UPSTREAM) return Status.UNIMPLEMENTED;
    vm.active().continueStream(type);
    return Status.OK;
  };
  if (vm.abiVersion === '0.1.0') {
    Object.assign(calls, {
      proxy_get_configuration: (pointerAt: number, sizeAt: number) => give(vm.pluginConfiguration(), pointerAt, sizeAt),
      proxy_continue_request: () => resume(0),
      proxy_continue_response: () => resume(1),
      proxy_clear_route_cache: () => {
        vm.active().clearRouteCache();
        return Status.OK;
      },
    });
  } else {
    Object.assign(calls, {
      proxy_continue_stream: (type: number) =>
        type >>> 0 > MAX_STREAM_TYPE ? Status.BAD_ARGUMENT : resume(type as StreamType),
      proxy_close_stream: (type: number) => {
        if (type >>> 0 > MAX_STREAM_TYPE) return Status.BAD_ARGUMENT;
        vm.active().closeStream(type as StreamType);
        return Status.OK;
      },
    });
  }
  if (vm.abiVersion === '0.2.1') {
    calls['proxy_get_log_level'] = (at: number) => {
      memory.writeU32(at, vm.logLevel);
      return Status.OK;
    };
  }
  for (const [call, run] of Object.entries(calls)) calls[call] = checked(vm, run);
  return calls;
}

/** A hostcall that is counted, and answers for memory which the module does not have. */
function checked(vm: HostcallTarget, run: Hostcall): Hostcall {
  const call = run as (...args: readonly unknown[]) => number;
  const answer = (error: unknown): Status => {
    if (error instanceof GuestMemoryError) return Status.INVALID_MEMORY_ACCESS;
    throw error;
  };
  // What is called most has few arguments; a list of them is made for the others only.
  if (run.length <= 5) {
    return (a?: unknown, b?: unknown, c?: unknown, d?: unknown, e?: unknown) => {
      vm.spend();
      try {
        return call(a, b, c, d, e);
      } catch (error) {
        return answer(error);
      }
    };
  }
  return (...args: readonly unknown[]) => {
    vm.spend();
    try {
      return call(...args);
    } catch (error) {
      return answer(error);
    }
  };
}
