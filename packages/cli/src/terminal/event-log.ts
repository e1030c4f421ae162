import type { ControlPlaneEvent } from '@heddle/control-plane';
import { RESOURCE_TYPES } from '@heddle/discovery';
import { type Diagnostic, formatDiagnostic, formatFieldPath, formatPosition, formatRef } from '@heddle/model';
import { printable, withoutSecrets } from './printable.ts';

export type LogFormat = 'text' | 'json';

/** One line of a log. `node` is a node id, `type` a service's abbreviation (`LDS`). */
export interface LogRecord {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly node?: string;
  readonly type?: string;
  readonly [detail: string]: unknown;
}

/**
 * Writes records as lines: `LEVEL: NODE: MESSAGE`, or a JSON object with `time` (RFC 3339), `level`, `message` and the rest. What looks like
 * a key or a token is taken out of every text, since parts of messages are the words of proxies.
 */
export function createEventLog(
  format: LogFormat,
  write: (line: string) => void,
  now: () => Date = () => new Date(),
): (record: LogRecord) => void {
  return (record) => {
    if (format === 'text') {
      const { level, node, message } = record;
      write(`${printable(withoutSecrets(`${level}: ${node === undefined ? '' : `${node}: `}${message}`))}\n`);
      return;
    }
    const { level, message, ...details } = record;
    const line = JSON.stringify({ time: now().toISOString(), level, message, ...details }, (_, value: unknown) =>
      typeof value === 'string' ? withoutSecrets(value) : value,
    );
    write(`${line}\n`);
  };
}

/** What happened on a stream. A rejection names each resource with the object, file and line that made it. */
export function eventRecord({ level, message, nodeId, typeUrl, rejections }: ControlPlaneEvent): LogRecord {
  return {
    level,
    message,
    ...(nodeId === undefined ? {} : { node: nodeId }),
    ...(typeUrl === undefined ? {} : { type: labelOf(typeUrl) }),
    ...(rejections === undefined
      ? {}
      : {
          rejected: rejections.map(({ name, origin }) => ({
            name,
            ...(origin === undefined ? {} : place(origin)),
          })),
        }),
  };
}

/** Something wrong with the configuration. */
export function diagnosticRecord(found: Diagnostic): LogRecord {
  const { code, severity, resource, path, range, effect, fix } = found;
  return {
    level: severity === 'warning' ? 'warn' : severity,
    message: formatDiagnostic(found),
    code,
    ...(resource === undefined ? {} : place({ resource, path, ...(range === undefined ? {} : { range }) })),
    ...(resource !== undefined || range === undefined ? {} : { position: formatPosition(range) }),
    ...(effect === undefined ? {} : { effect }),
    ...(fix === undefined ? {} : { fix }),
  };
}

function place({
  resource,
  path,
  range,
}: Required<Pick<Diagnostic, 'resource' | 'path'>> & Pick<Diagnostic, 'range'>): {
  readonly object: string;
  readonly field?: string;
  readonly position?: string;
} {
  return {
    object: formatRef(resource),
    ...(path.length === 0 ? {} : { field: formatFieldPath(path) }),
    ...(range === undefined ? {} : { position: formatPosition(range) }),
  };
}

function labelOf(typeUrl: string): string {
  return RESOURCE_TYPES.find((type) => type.typeUrl === typeUrl)?.label ?? typeUrl;
}
