import type { Duration } from '@bufbuild/protobuf/wkt';

/** Milliseconds of a protobuf Duration; `fallback` when it is absent. */
export function durationMs(duration: Duration | undefined, fallback: number): number {
  if (duration === undefined) return fallback;
  return Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}
