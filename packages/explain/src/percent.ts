/** `envoy.type.v3.FractionalPercent` as a percentage. */
export function percentOf({
  numerator,
  denominator,
}: {
  readonly numerator: number;
  readonly denominator: number;
}): number {
  return (numerator / ([100, 10_000, 1_000_000][denominator] ?? 100)) * 100;
}
