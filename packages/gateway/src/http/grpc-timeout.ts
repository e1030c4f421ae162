const unitsMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** Milliseconds of a `grpc-timeout` header (gRPC over HTTP/2, "Requests"): up to eight digits and a unit. */
export function grpcTimeoutMs(value: string | undefined): number | undefined {
  const found = /^(\d{1,8})([HMSmun])$/.exec(value ?? '');
  const unit = unitsMs[found?.[2] ?? ''];
  return found === null || unit === undefined ? undefined : Math.ceil(Number(found[1]) * unit);
}

/** Milliseconds as a `grpc-timeout` header, in the smallest unit from milliseconds up that needs no more than eight digits. */
export function formatGrpcTimeout(ms: number): string {
  for (const [unit, size] of LARGER_UNITS) {
    const value = Math.floor(ms / size);
    if (value <= MOST) return `${value}${unit}`;
  }
  return `${MOST}H`;
}

const MOST = 99_999_999;
const LARGER_UNITS = [
  ['m', 1],
  ['S', 1000],
  ['M', 60_000],
  ['H', 3_600_000],
] as const;
