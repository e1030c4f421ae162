import { expect, test } from 'vitest';
import { grpcStatusOf, grpcStatusOfHttp } from './grpc-status.ts';

test.each([
  [200, 2],
  [400, 13],
  [401, 16],
  [403, 7],
  [404, 12],
  [429, 14],
  [500, 2],
  [503, 14],
  [504, 14],
])('HTTP status %i stands for gRPC status %i', (http, grpc) => {
  expect(grpcStatusOfHttp(http)).toBe(grpc);
});

test.each<[why: string, trailers: string | undefined, headers: string | undefined, status: number]>([
  ['trailers say it', '5', undefined, 5],
  ['trailers say it, whatever headers say', '0', '5', 0],
  ['headers say it', undefined, '16', 16],
  ['nothing says it', undefined, undefined, 14],
  ['nothing is said by an empty value', '', '', 14],
  ['it is no number', 'five', undefined, -1],
  ['it is none of the statuses', '17', undefined, -1],
  ['it is negative', undefined, '-1', -1],
])('the status of a response where %s', (_, trailers, headers, status) => {
  expect(grpcStatusOf(503, trailers, headers)).toBe(status);
});
