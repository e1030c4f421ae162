import type { DiscoveryCounters } from './counters.ts';
import type { DiscoveryObserver } from './observer.ts';
import type { DeltaPush } from './push.ts';

/** Counts a response, and tells the observer of it. Returns the bytes of its encoded resources. */
export function countPush(
  push: DeltaPush,
  counters: DiscoveryCounters,
  observer: DiscoveryObserver,
  startedAtMs: number,
): number {
  counters.responses += 1;
  const sent = push.state?.resources ?? push.resources;
  counters.resourcesSent += sent.length + push.absent.length;
  counters.removalsSent += push.removed.length;
  let bytes = push.chunk?.bytes ?? 0;
  if (push.chunk === undefined) for (const resource of sent) bytes += resource.bytes.length;
  counters.resourceBytesSent += bytes;
  observer.pushed?.({
    typeUrl: push.typeUrl,
    resources: sent.length,
    removals: push.removed.length,
    bytes,
    elapsedMs: performance.now() - startedAtMs,
  });
  return bytes;
}
