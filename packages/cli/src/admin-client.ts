import { CommandError, EXIT } from './exit-code.ts';

/** Where `heddle control-plane` serves its endpoints unless told otherwise. */
export const DEFAULT_HTTP_ADDRESS = '127.0.0.1:15014';

const TIMEOUT_MS = 10_000;

/** An answer of a control plane that is no success; `connected` names the proxies that there are. */
export interface AdminProblem {
  readonly status: number;
  readonly error: string;
  readonly connected: readonly string[];
}

/**
 * Asks a control plane's HTTP endpoint for JSON.
 *
 * @param address `HOST:PORT` or a URL
 * @returns the value, or the control plane's own refusal
 * @throws CommandError if there is no control plane at that address
 */
export async function askControlPlane(
  address: string,
  path: string,
): Promise<{ readonly value: unknown } | { readonly problem: AdminProblem }> {
  const base = baseUrl(address);
  let status: number;
  let text: string;
  try {
    const response = await fetch(new URL(path, base), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    status = response.status;
    text = await response.text();
  } catch (error) {
    throw new CommandError(
      `cannot reach a control plane at ${base.origin}: ${reasonOf(error)}\n` +
        '  start one:           heddle control-plane --config DIR\n' +
        '  or say where it is:  --http-address HOST:PORT',
      { cause: error },
    );
  }
  const value = parseJson(text);
  if (status === 200 && value !== undefined) return { value };
  const { error, connected } = (value ?? {}) as { readonly error?: unknown; readonly connected?: unknown };
  if (typeof error !== 'string') {
    throw new CommandError(
      `what answers at ${base.origin} is no control plane: ${path.split('?')[0]} gave ${status}, wanted JSON; say where it is with --http-address HOST:PORT`,
    );
  }
  const names = Array.isArray(connected) ? connected.filter((name) => typeof name === 'string') : [];
  return { problem: { status, error, connected: names } };
}

function baseUrl(address: string): URL {
  const url = URL.parse(address.includes('://') ? address : `http://${address}`);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new CommandError(`found --http-address "${address}", wanted HOST:PORT such as ${DEFAULT_HTTP_ADDRESS}`, {
      exitCode: EXIT.usage,
    });
  }
  return url;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** fetch says only that it failed; why is in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  if (cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED') return 'nothing listens there';
  return cause instanceof Error ? cause.message : error instanceof Error ? error.message : String(error);
}
