import { UNKNOWN } from "./workload";

/** Envoy's short names of response flags, in the order of the bits of `response.flags` (`CoreResponseFlag`). */
const NAMES: string[] = [
  "LH", "UH", "UT", "LR", "UR", "UF", "UC", "UO", "NR", "DI", "FI", "RL", "UAEX", "RLSE", "DC", "URX", "SI", "IH", "DPE", "UMSDR", "RFCF",
  "NFCF", "DT", "UPE", "NC", "OM", "DF", "DO", "DR", "UDO",
];

/** What access logs write for `%RESPONSE_FLAGS%`: `-` if there is none, `unknown` if there are only such as extensions may add. */
export function flagNames(bits: i64): string {
  if (bits == 0) return "-";
  let names = "";
  for (let bit = 0; bit < NAMES.length; bit++) {
    if ((bits & ((<i64>1) << bit)) != 0) names += names.length == 0 ? NAMES[bit] : "," + NAMES[bit];
  }
  return names.length == 0 ? UNKNOWN : names;
}
