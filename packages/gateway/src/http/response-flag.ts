/**
 * What went wrong, in Envoy's letters (`%RESPONSE_FLAGS%` of its access log):
 * DC downstream connection terminated, DI delay injected, DPE downstream protocol error, FI fault injected, NC no cluster, NFCF no filter configuration found, NR no route, SI stream idle time-out,
 * UC upstream connection terminated, UF upstream connection failure, UH no healthy upstream, UMSDR upstream max stream duration
 * reached, UO upstream overflow (circuit breaking), UPE upstream protocol error, UR upstream remote reset, URX retries used up,
 * UT upstream request time-out, LR local reset, DT maximum connection duration.
 */
export type ResponseFlag =
  | 'DC'
  | 'DI'
  | 'DPE'
  | 'DT'
  | 'FI'
  | 'LR'
  | 'NC'
  | 'NFCF'
  | 'NR'
  | 'SI'
  | 'UC'
  | 'UF'
  | 'UH'
  | 'UMSDR'
  | 'UO'
  | 'UPE'
  | 'UR'
  | 'URX'
  | 'UT';

/** Flags as the access log writes them: in the order in which they were set, joined by commas; `-` when there is none. */
export function formatResponseFlags(flags: readonly ResponseFlag[]): string {
  return flags.length === 0 ? '-' : flags.join(',');
}
