import { Buffer } from 'node:buffer';
import type { FilterRun, RunMetric, RunStep } from './run-filter.ts';
import { formatTrap } from './trap-log.ts';

/** A run for people: the answer as HTTP writes it, then what happened on the way. */
export function formatRun(run: FilterRun): string {
  const parts = [formatAnswer(run)];
  if (run.upstream !== undefined) {
    parts.push(
      section('upstream saw', [
        ...headerLines(run.upstream.headers),
        ...bodyLines(run.upstream.body),
        ...headerLines(run.upstream.trailers),
      ]),
    );
  }
  if (run.logs.length > 0)
    parts.push(
      section(
        'log',
        run.logs.map(({ level, message }) => `${level.padEnd(8)} ${message}`),
      ),
    );
  if (run.metrics.length > 0) parts.push(section('metrics', run.metrics.map(metricLine)));
  parts.push(section('calls', run.steps.flatMap(stepLines)));
  if (run.failure !== undefined) parts.push(formatTrap(run.failure));
  return parts.join('\n\n');
}

function formatAnswer(run: FilterRun): string {
  if (run.outcome === 'paused')
    return `the filter holds the ${run.paused ?? 'request'}, and nothing more comes by itself`;
  if (run.outcome === 'reset') return 'the filter has closed the stream';
  const own = run.details === undefined ? '' : `  (the filter's own answer: ${run.details})`;
  const grpc = run.grpcStatus === undefined ? [] : [`gRPC status ${run.grpcStatus}`];
  const { ':status': _, ...headers } = run.headers;
  return [
    `${run.status}${own}`,
    ...grpc,
    ...headerLines(headers),
    ...bodyLines(run.body),
    ...headerLines(run.trailers),
  ].join('\n');
}

function section(title: string, lines: readonly string[]): string {
  return [`${title}:`, ...lines.map((line) => `  ${line}`)].join('\n');
}

function headerLines(headers: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
}

/** Text is shown, anything else is counted. */
function bodyLines(body: Uint8Array): readonly string[] {
  if (body.length === 0) return [];
  const text = textOf(body);
  if (text === undefined) return ['', `(${body.length} bytes that are no text)`];
  return ['', ...text.replace(/\n$/, '').split('\n')];
}

/** Undefined for bytes that are no UTF-8. */
function textOf(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function metricLine({ type, name, value, samples }: RunMetric): string {
  return `${type.padEnd(9)} ${name} ${type === 'histogram' ? samples.join(', ') : value}`;
}

function stepLines(step: RunStep): readonly string[] {
  const head =
    step.type === 'start'
      ? 'while the module starts'
      : `${step.name}(${step.args.join(', ')})${step.result === undefined ? '' : ` → ${step.result}`}`;
  return [
    head,
    ...step.hostcalls.map(
      ({ name, given, got, status, meaning }) =>
        `  ${name}(${given.join(', ')}) → ${status} ${meaning}${got.length === 0 ? '' : `: ${got.join(', ')}`}`,
    ),
  ];
}

/** A run as JSON that scripts can rely on; `version` grows when a field changes its meaning. */
export function runToJson(run: FilterRun): object {
  const { body, upstream, ...rest } = run;
  return {
    version: 1,
    ...rest,
    ...bodyJson(body),
    ...(upstream === undefined ? {} : { upstream: { ...upstream, ...bodyJson(upstream.body) } }),
  };
}

/** `body` as text, or `bodyBase64`. */
function bodyJson(body: Uint8Array): { readonly body: string | undefined; readonly bodyBase64?: string } {
  const text = textOf(body);
  return text === undefined ? { body: undefined, bodyBase64: Buffer.from(body).toString('base64') } : { body: text };
}
