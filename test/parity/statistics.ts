/**
 * How many standard deviations two counts may lie apart before it is not chance: five are exceeded once in 1.7 million comparisons,
 * so a whole run of some thousand does not fail by bad luck.
 */
const DEVIATIONS = 5;

/** Whether `times` of `total` can be a sample of an event with probability `share`. */
export function isPlausibleShare(times: number, total: number, share: number): boolean {
  const deviation = Math.sqrt(total * share * (1 - share));
  // Counts are whole numbers: half a step either way is no difference.
  return Math.abs(times - total * share) <= DEVIATIONS * deviation + 0.5;
}

/** Whether `a` of `totalA` and `b` of `totalB` can be samples of the same event (two-proportion test with pooled variance). */
export function arePlausiblyEqual(a: number, totalA: number, b: number, totalB: number): boolean {
  const pooled = (a + b) / (totalA + totalB);
  const deviation = Math.sqrt(pooled * (1 - pooled) * (1 / totalA + 1 / totalB));
  return Math.abs(a / totalA - b / totalB) <= DEVIATIONS * deviation;
}
