import { describe, expect, test } from 'vitest';
import type { HeaderList } from './header-list.ts';
import { describeLocalBody } from './local-reply.ts';

describe('describeLocalBody', () => {
  test.each<[string, HeaderList, string, boolean, HeaderList, number?]>([
    ['a text', ['x-a', 'b'], 'hello', false, ['x-a', 'b', 'content-length', '5', 'content-type', 'text/plain']],
    ['a type set by the route', ['content-type', 'a/b'], '{}', false, ['content-type', 'a/b', 'content-length', '2']],
    [
      'a length set by the route',
      ['content-length', '9'],
      'a',
      false,
      ['content-length', '1', 'content-type', 'text/plain'],
    ],
    ['no body', ['content-type', 'a/b', 'content-length', '9', 'x-a', 'b'], '', false, ['x-a', 'b']],
    [
      'gRPC',
      ['content-type', 'a/b'],
      'ä%',
      true,
      ['content-type', 'application/grpc', 'grpc-status', '14', 'grpc-message', '%C3%A4%25'],
    ],
    ['gRPC without a message', [], '', true, ['content-type', 'application/grpc', 'grpc-status', '14']],
    ['a gRPC status', [], '', true, ['content-type', 'application/grpc', 'grpc-status', '5'], 5],
    ['a gRPC status for another client', [], '', false, [], 5],
  ])('%s', (_, headers, body, isGrpc, wanted, grpcStatus) => {
    describeLocalBody(headers, 503, new TextEncoder().encode(body), isGrpc, grpcStatus);
    expect(headers).toEqual(wanted);
  });
});
