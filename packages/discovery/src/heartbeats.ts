import { TTL_FEATURE, WRAPPED_FEATURE, type XdsResource } from '@heddle/model';
import { hasExpiring } from './chunk.ts';
import type { DeltaPush } from './push.ts';
import type { StreamVariant } from './stream-host.ts';
import type { ResponseStyle } from './subscription.ts';

/** A heartbeat goes out when this part of the time to live is over: two may get lost. */
const BEAT_AFTER = 1 / 3;

/** Whether a client can be sent a time to live, in the messages it speaks. */
export function canExpire(features: readonly string[], variant: StreamVariant): boolean {
  return features.includes(TTL_FEATURE) && (variant === 'delta' || features.includes(WRAPPED_FEATURE));
}

interface Beat {
  readonly resource: XdsResource;
  readonly atMs: number;
}

/**
 * Keeps alive what a stream's client would drop otherwise ("TTL"): knows when each resource with a time to live was sent last, and
 * when it must be spoken of again.
 */
export class Heartbeats {
  /** By type URL and name. */
  readonly #beats = new Map<string, Map<string, Beat>>();

  /** When the next heartbeat is due, in milliseconds of the clock; infinity for never. */
  get nextAtMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const beats of this.#beats.values()) for (const { atMs } of beats.values()) next = Math.min(next, atMs);
    return next;
  }

  /** Notes what a response brings. Returns the response as this client should get it. */
  sent(push: DeltaPush, style: ResponseStyle, nowMs: number): DeltaPush {
    const carried = push.state?.resources ?? push.resources;
    const expires = push.chunk?.expires ?? hasExpiring(carried);
    // Of most types nothing has a time to live: a large response costs no more for it.
    if (!expires && !this.#beats.has(push.typeUrl)) return push;
    if (style === 'full-set') this.#beats.delete(push.typeUrl);
    for (const name of push.removed) this.drop(push.typeUrl, name);
    for (const resource of carried) {
      if (resource.ttlMs === undefined) this.drop(push.typeUrl, resource.name);
      else this.#schedule(resource, nowMs + resource.ttlMs * BEAT_AFTER);
    }
    if (!expires) return push;
    // What is encoded once for all is encoded without times to live.
    const { chunk: _, ...own } = push;
    return { ...own, expires };
  }

  /** Notes that the client has a resource from an earlier stream, for who knows how long: it is due now. */
  stated(resource: XdsResource, nowMs: number): void {
    if (resource.ttlMs !== undefined) this.#schedule(resource, nowMs);
  }

  drop(typeUrl: string, name: string): void {
    const beats = this.#beats.get(typeUrl);
    if (beats?.delete(name) === true && beats.size === 0) this.#beats.delete(typeUrl);
  }

  /** Takes the resources of one type that are due, and plans their next time. */
  take(typeUrl: string, nowMs: number): readonly XdsResource[] {
    const due: XdsResource[] = [];
    for (const { resource, atMs } of this.#beats.get(typeUrl)?.values() ?? []) if (atMs <= nowMs) due.push(resource);
    for (const resource of due) this.#schedule(resource, nowMs + (resource.ttlMs ?? 0) * BEAT_AFTER);
    return due;
  }

  #schedule(resource: XdsResource, atMs: number): void {
    let beats = this.#beats.get(resource.typeUrl);
    if (beats === undefined) {
      beats = new Map();
      this.#beats.set(resource.typeUrl, beats);
    }
    beats.set(resource.name, { resource, atMs });
  }
}
