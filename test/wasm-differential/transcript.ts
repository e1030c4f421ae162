/** One thing that the probe said: see `assembly/report.ts`. */
export interface ProbeLine {
  readonly vm: string;
  readonly context: number;
  readonly callback: string;
  /** A hostcall with its arguments, `>` as a callback begins, or `<` with its result. */
  readonly call: string;
  readonly status: number;
  readonly values: string;
}

/** Reads a line of the probe; undefined for any other. */
export function parseLine(text: string): ProbeLine | undefined {
  const [vm, context, callback, call, status, ...values] = text.split('|');
  if (vm === undefined || !/^[0-9a-f]{8}$/.test(vm) || status === undefined) return undefined;
  return {
    vm,
    context: Number(context),
    callback: callback ?? '',
    call: call ?? '',
    status: Number(status),
    values: values.join('|'),
  };
}

/** What is said by several VMs, by VM, in the order in which these began to speak. */
export function byVm(lines: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const vms = new Map<string, string[]>();
  for (const line of lines) {
    const vm = parseLine(line)?.vm;
    if (vm === undefined) continue;
    const known = vms.get(vm);
    if (known === undefined) vms.set(vm, [line]);
    else known.push(line);
  }
  return vms;
}

/** Callouts that were accepted and have not come back. */
export function outstanding(lines: readonly string[]): number {
  let count = 0;
  // Of a unary call one message is all that comes.
  const isUnary = !lines.some((line) => line.includes('|grpc_stream '));
  for (const line of lines) {
    const parsed = parseLine(line);
    if (parsed === undefined) continue;
    const { callback, call, status } = parsed;
    const name = call.split(' ')[0];
    if (status === 0 && (name === 'http_call' || name === 'grpc_call' || name === 'grpc_stream')) count += 1;
    const ends =
      callback === 'http_call_response' || callback === 'grpc_close' || (callback === 'grpc_receive' && isUnary);
    if (call === '>' && ends) count -= 1;
    if (call === 'grpc_cancel' && status === 0) count -= 1;
  }
  return count;
}

/** Waits until lines say that a case is over: its stream deleted, and its callouts answered, unless those do not matter. */
export async function untilOver(
  lines: () => readonly string[],
  context: () => boolean,
  options: { readonly timeoutMs: number; readonly quietMs: number; readonly withCallouts?: boolean },
): Promise<boolean> {
  const deadline = performance.now() + options.timeoutMs;
  for (let count = -1, since = performance.now(); performance.now() < deadline; ) {
    const all = lines();
    if (all.length !== count) {
      count = all.length;
      since = performance.now();
    }
    const isQuiet = performance.now() - since >= options.quietMs;
    const isAnswered = options.withCallouts === false || outstanding(all) <= 0;
    if (isQuiet && context() && isAnswered) return true;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return false;
}
