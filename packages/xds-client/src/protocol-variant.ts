import type { InterestDifference, SubscribedType } from './subscribed-type.ts';

/** One resource as it arrived; decode `bytes` only if needed. */
export interface ReceivedResource {
  readonly name: string;
  /** The server's version in the delta variant; the content hash in state of the world, where only whole responses have versions. */
  readonly version: string;
  /** The encoded message. May be shared with other clients of this process: do not change it. */
  readonly bytes: Uint8Array;
}

/** One response: what to add or replace, and what no longer exists (or never did, if it was asked for). */
export interface ResourceUpdate {
  readonly typeUrl: string;
  readonly changed: readonly ReceivedResource[];
  readonly removed: readonly string[];
}

/** What a handler says about an update: nothing if all is well, else why which resources are refused. The others count as accepted. */
export type Refusals = ReadonlyMap<string, string>;

/** A response, sorted out before anybody decodes anything. */
export interface ReadResponse {
  readonly update: ResourceUpdate;
  /** What the protocol itself forbids. */
  readonly refusals: Map<string, string>;
  /** A response without resources: it says that there are none, which a start-up may wait for. */
  readonly isEmpty: boolean;
}

/**
 * What differs between delta and state of the world, for one client. Streams, reconnects, the order of work and what is in use are
 * the client's business. Requests are given without `node`.
 */
export interface ProtocolVariant<Request, Response> {
  /** The first request of a type on a stream. */
  announce(type: SubscribedType): Request;
  /** The requests that tell the server about a changed interest in a type that was announced. */
  change(type: SubscribedType, difference: InterestDifference): readonly Request[];
  read(type: SubscribedType, response: Response): ReadResponse;
  /** The requests that answer a response when its handler is done; `refusals` is empty if it is accepted. */
  answer(type: SubscribedType, response: Response, refusals: Refusals): readonly Request[];
  /** Answers a response of a type that nobody ever subscribed to. */
  answerUnknown(response: Response): readonly Request[];
}

/** What a client says about a refused response: one line per refused resource, since servers find the names in it. */
export function describeRefusals(refusals: Refusals): string {
  return [...refusals].map(([name, reason]) => `${name}: ${reason}`).join('\n');
}
