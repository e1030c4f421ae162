/** One run of one server with one load: what every figure is made of. */
import { type Program, type ProgramOptions, startProgram, type Usage } from './child-process.ts';
import { percentiles } from './percentile.ts';
import type { ScheduleReport } from './schedule.ts';

/** What to do with a server. */
export interface Plan {
  readonly services: number;
  readonly endpointsPerService: number;
  readonly streams: number;
  /** Workloads that the streams' proxies belong to: a view each. */
  readonly workloads: number;
  /** Single changes, one after the other. */
  readonly changes: number;
  /** Steady changes; no seconds, no such figure. */
  readonly rate: { readonly perSecond: number; readonly seconds: number };
}

/** Milliseconds within which a share of streams was reached. */
export interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** The figures of one run. CPU is that of the server's process alone unless it says otherwise. */
export interface Figures {
  readonly compileCpuSeconds: number;
  readonly sync: {
    readonly cpuSeconds: number;
    /** From the first connection until the last stream has everything. */
    readonly wallMs: number;
    readonly bytes: number;
    readonly responses: number;
    readonly resources: number;
    readonly rssMegabytes: number;
    readonly peakRssMegabytes: number;
    readonly clientCpuSeconds: number;
  };
  /** All streams again, on a server that is warm. */
  readonly again: { readonly cpuSeconds: number; readonly wallMs: number };
  readonly change: Spread & {
    /** Milliseconds until the server has taken the change. */
    readonly appliedP50Ms: number;
    readonly cpuSecondsPerChange: number;
    readonly bytesPerChange: number;
    readonly responsesPerChange: number;
  };
  readonly noEffect: { readonly bytes: number; readonly responses: number };
  readonly rate?: Spread & {
    readonly missing: number;
    readonly cpuSecondsPerSecond: number;
    readonly responses: number;
    readonly bytes: number;
    /** Megabytes a second, after the first quarter. */
    readonly rssSlope: number;
    readonly rssMegabytes: number;
  };
}

interface Address {
  readonly host: string;
  readonly port: number;
}

interface Counted {
  readonly bytes: number;
  readonly responses: number;
  readonly resources: number;
}

const WARM_UP_CHANGES = 5;
/** Nothing came for so long: nothing more will. */
const QUIET_MS = 300;

/** A run that takes longer has stalled. */
const TIME_LIMIT_MS = 120_000;

/** Starts a server and a load, goes through the plan, and stops both; rejects if that takes more than two minutes beside the rate. */
export async function measure(
  server: ProgramOptions,
  start: Readonly<Record<string, unknown>>,
  plan: Plan,
): Promise<Figures> {
  const programs = [startProgram(server), startProgram({ file: 'load-process.ts', core: 1 })] as const;
  const stop = () => Promise.all(programs.map((program) => program.stop()));
  // What waits for an answer of a stopped program is rejected.
  const limit = setTimeout(() => void stop(), TIME_LIMIT_MS + plan.rate.seconds * 1_000);
  try {
    return await run(...programs, start, plan);
  } finally {
    clearTimeout(limit);
    await stop();
  }
}

async function run(
  server: Program,
  load: Program,
  start: Readonly<Record<string, unknown>>,
  plan: Plan,
): Promise<Figures> {
  const address = await server.ask<Address>('start', { ...plan, ...start });
  const started = await server.ask<Usage>('usage');
  const { expected } = await server.ask<{ expected: Record<string, number> }>('compile');
  const compiled = await server.ask<Usage>('usage');
  const open = async () => {
    const [serverBefore, loadBefore] = [await server.ask<Usage>('usage'), await load.ask<Usage>('usage')];
    const opened = await load.ask<Counted & Spread>('open', {
      ...address,
      streams: plan.streams,
      workloads: plan.workloads,
      expected,
    });
    await server.ask('settled');
    await load.ask('quiet', { ms: QUIET_MS });
    const [serverAfter, loadAfter] = [await server.ask<Usage>('usage'), await load.ask<Usage>('usage')];
    return {
      ...opened,
      wallMs: opened.maxMs,
      cpuSeconds: serverAfter.cpuSeconds - serverBefore.cpuSeconds,
      clientCpuSeconds: loadAfter.cpuSeconds - loadBefore.cpuSeconds,
      rssMegabytes: serverAfter.rssMegabytes,
      peakRssMegabytes: serverAfter.peakRssMegabytes,
    };
  };
  const sync = await open();
  await load.ask('close');
  const again = await open();
  const change = await singleChanges(server, load, plan.changes);
  const noEffect = await annotate(server, load);
  const rate = plan.rate.seconds > 0 ? await steadyChanges(server, load, plan.rate) : undefined;
  return {
    compileCpuSeconds: compiled.cpuSeconds - started.cpuSeconds,
    sync,
    again,
    change,
    noEffect,
    ...(rate === undefined ? {} : { rate }),
  };
}

async function singleChanges(server: Program, load: Program, count: number): Promise<Figures['change']> {
  const ages: number[] = [];
  const applied: number[] = [];
  let [cpuSeconds, bytes, responses] = [0, 0, 0];
  for (let index = 0; index < WARM_UP_CHANGES + count; index++) {
    await load.ask('mark');
    const before = await server.ask<Usage>('usage');
    const { sinceMs, appliedMs } = await server.ask<{ sinceMs: number; appliedMs: number }>('endpoint', { index });
    const seen = await load.ask<Counted & { ages: number[] }>('endpoint', { index, sinceMs });
    await server.ask('settled');
    const after = await server.ask<Usage>('usage');
    if (index < WARM_UP_CHANGES) continue;
    ages.push(...seen.ages);
    applied.push(appliedMs);
    cpuSeconds += after.cpuSeconds - before.cpuSeconds;
    bytes += seen.bytes;
    responses += seen.responses;
  }
  return {
    ...percentiles(ages),
    appliedP50Ms: percentiles(applied).p50Ms,
    cpuSecondsPerChange: cpuSeconds / count,
    bytesPerChange: bytes / count,
    responsesPerChange: responses / count,
  };
}

async function annotate(server: Program, load: Program): Promise<Figures['noEffect']> {
  await load.ask('mark');
  for (let index = 0; index < 3; index++) await server.ask('annotate', { index });
  return load.ask<Counted>('quiet', { ms: QUIET_MS });
}

async function steadyChanges(
  server: Program,
  load: Program,
  rate: Plan['rate'],
): Promise<NonNullable<Figures['rate']>> {
  // Beyond the services that were changed before, so that no arrival is taken for another.
  const first = WARM_UP_CHANGES + 500;
  await load.ask('mark');
  const before = await server.ask<Usage>('usage');
  const { times, rss } = await server.ask<ScheduleReport>('rate', { first, ...rate });
  await server.ask('settled');
  await load.ask('quiet', { ms: QUIET_MS });
  const after = await server.ask<Usage>('usage');
  const seen = await load.ask<Counted & Spread & { missing: number }>('staleness', { first, times });
  return {
    ...seen,
    cpuSecondsPerSecond: (after.cpuSeconds - before.cpuSeconds) / rate.seconds,
    rssSlope: slope(rss.slice(Math.floor(rss.length / 4))),
    rssMegabytes: after.rssMegabytes,
  };
}

/** Least squares over equal steps. */
function slope(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const middle = (values.length - 1) / 2;
  let [above, below] = [0, 0];
  values.forEach((value, index) => {
    above += (index - middle) * (value - mean);
    below += (index - middle) ** 2;
  });
  return below === 0 ? 0 : above / below;
}
