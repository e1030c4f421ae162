import { LISTENER_TYPE_URL } from '@heddle/envoy-api';
import { diagnostic } from '@heddle/model';
import { expect, test } from 'vitest';
import { createEventLog, diagnosticRecord, eventRecord, type LogFormat, type LogRecord } from './event-log.ts';

function logged(format: LogFormat, record: LogRecord): string {
  const lines: string[] = [];
  createEventLog(
    format,
    (line) => lines.push(line),
    () => new Date(0),
  )(record);
  return lines.join('');
}

const range = { file: 'mesh/front.yaml', start: { line: 9, column: 5 }, end: { line: 9, column: 9 } };
const origin = { resource: { kind: 'Gateway', namespace: 'shop', name: 'front' }, path: ['spec', 'servers', 0], range };

test('createEventLog: text is one line, whatever the message holds', () => {
  const record = { level: 'warn', message: 'first\n\u001b[2Jerror: forged', node: 'router~1', type: 'LDS' } as const;
  expect(logged('text', record)).toBe('warn: router~1: first\\n\\u001b[2Jerror: forged\n');
  expect(logged('text', { level: 'info', message: 'hello' })).toBe('info: hello\n');
});

test('createEventLog: JSON is one object a line, time first', () => {
  const line = logged('json', { level: 'warn', message: 'a\nb', node: 'n', type: 'LDS', extra: [1] });
  expect(line).toBe(
    '{"time":"1970-01-01T00:00:00.000Z","level":"warn","message":"a\\nb","node":"n","type":"LDS","extra":[1]}\n',
  );
});

test.each(['text', 'json'] as const)('createEventLog: %s never holds a key', (format) => {
  const secret = '-----BEGIN PRIVATE KEY-----\nMHcCAQEE\n-----END PRIVATE KEY-----';
  const line = logged(format, { level: 'warn', message: `no: ${secret}`, rejected: [{ name: secret }] });
  expect(line).toContain('[redacted]');
  expect(line).not.toContain('MHcCAQEE');
});

test('eventRecord: a rejection names resource, object, field, file and line', () => {
  expect(
    eventRecord({
      level: 'warn',
      message: 'LDS "x" was rejected: no',
      nodeId: 'router~1',
      typeUrl: LISTENER_TYPE_URL,
      viewKey: 'v',
      rejections: [
        { typeUrl: LISTENER_TYPE_URL, label: 'LDS', name: 'x', message: 'no', origin },
        { typeUrl: LISTENER_TYPE_URL, label: 'LDS', name: 'y', message: 'no' },
      ],
    }),
  ).toEqual({
    level: 'warn',
    message: 'LDS "x" was rejected: no',
    node: 'router~1',
    type: 'LDS',
    rejected: [
      { name: 'x', object: 'Gateway shop/front', field: 'spec.servers[0]', position: 'mesh/front.yaml:9:5' },
      { name: 'y' },
    ],
  });
});

test('diagnosticRecord: has what the code frame has, as data', () => {
  expect(
    diagnosticRecord(diagnostic('IST0101', { ...origin, message: 'none', effect: '404', fix: 'name it' })),
  ).toEqual({
    level: 'error',
    message: expect.stringContaining('none'),
    code: 'IST0101',
    object: 'Gateway shop/front',
    field: 'spec.servers[0]',
    position: 'mesh/front.yaml:9:5',
    effect: '404',
    fix: 'name it',
  });
  expect(diagnosticRecord(diagnostic('HED004', { message: 'dashes', range }))).toMatchObject({
    level: 'warn',
    position: 'mesh/front.yaml:9:5',
  });
});
