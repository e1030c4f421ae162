import { create } from '@bufbuild/protobuf';
import { type Duration, DurationSchema } from '@bufbuild/protobuf/wkt';

/** A protobuf Duration of so many whole milliseconds; what decimal fractions of minutes and hours leave over is rounded away. */
export function duration(ms: number): Duration {
  const wholeMs = Math.round(ms);
  const seconds = Math.floor(wholeMs / 1000);
  return create(DurationSchema, { seconds: BigInt(seconds), nanos: (wholeMs - seconds * 1000) * 1e6 });
}
