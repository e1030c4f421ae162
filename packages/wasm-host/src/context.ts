import type { BufferType, MapType, Status, StreamType } from './abi.ts';
import type { GuestBuffer } from './guest-buffer.ts';
import type { HeaderMap } from './header-map.ts';
import type { HeaderPair } from './header-pairs.ts';
import type { Property } from './stream-attributes.ts';

/** An answer that a module gives in place of the upstream's (`proxy_send_local_response`). */
export interface LocalReply {
  readonly status: number;
  /** `response_code_details`, for logs. */
  readonly details: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: readonly HeaderPair[];
  /** The gRPC status, or undefined to derive it from the HTTP status. */
  readonly grpcStatus: number | undefined;
}

/** What hostcalls ask of the context in whose name they are made: a root context or that of a stream. */
export interface GuestContext {
  readonly id: number;
  /** The root context it belongs to, or itself. */
  readonly rootId: number;
  /** Whether `proxy_on_log` runs: maps that are not there are then "not found" rather than a mistake. */
  readonly isLogging: boolean;
  /** Undefined where the map is not there in this phase. */
  headerMap(type: MapType): HeaderMap | undefined;
  buffer(type: BufferType): GuestBuffer | undefined;
  /** A property's bytes as Envoy serialises them; undefined if there is none by this path. */
  property(path: readonly string[]): Property;
  setProperty(key: string, value: Uint8Array<ArrayBuffer>): Status;
  /** Notes that the stream goes on; it does when the module's callback has returned. */
  continueStream(type: StreamType): void;
  closeStream(type: StreamType): void;
  /** Called when the module's callback has returned. */
  sendLocalReply(reply: LocalReply): void;
  clearRouteCache(): void;
  /** Declares a property that may be set later, once only if it is read-only; a name that was declared is a bad argument. */
  declareProperty(name: string, isReadOnly: boolean, isText: boolean): Status;
  /** Whether a property that modules set was declared as text: otherwise it is bytes in expressions. */
  isTextProperty(name: string): boolean;
  /** Sets an object of Envoy's filter state by its key; `NOT_FOUND` for a key that the host does not know. */
  setFilterState(key: string, value: Uint8Array<ArrayBuffer>): Status;
}
