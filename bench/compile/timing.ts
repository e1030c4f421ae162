import process from 'node:process';

/** Before measuring: a control plane that runs for months is warm. */
const WARM_UP_ROUNDS = 50;
const ROUNDS = 101;

/** CPU time of this thread in milliseconds: on a machine with other work the wall clock says more about that. Kernels count in steps of up to 4 ms. */
export function time<T>(work: () => T): { readonly ms: number; readonly result: T } {
  const start = process.threadCpuUsage();
  const result = work();
  const { user, system } = process.threadCpuUsage(start);
  return { ms: (user + system) / 1000, result };
}

/** The mean time of many rounds. What `prepare` does is not measured. */
export function meanMs<Prepared>(prepare: (round: number) => Prepared, work: (prepared: Prepared) => void): number {
  let sum = 0;
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const prepared = prepare(round);
    const { ms } = time(() => work(prepared));
    if (round >= WARM_UP_ROUNDS) sum += ms;
  }
  return sum / ROUNDS;
}

export function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Megabytes in use after a collection; undefined without `--expose-gc`. */
export function retainedMegabytes(): number | undefined {
  const { gc } = globalThis;
  if (gc === undefined) return undefined;
  // Twice: what the first finds unreachable may be all that holds something else.
  gc();
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return Math.round(((heapUsed + arrayBuffers) / 1e6) * 10) / 10;
}
