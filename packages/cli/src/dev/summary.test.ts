import { expect, test } from 'vitest';
import { portLines } from './summary.ts';

test.each([
  [{ configured: 9000, wanted: 9000, bound: 9000 }, []],
  [{ configured: 80, wanted: 8080, bound: 8080 }, ['ℹ port 80 is served on 8080: ports below 1024 need root']],
  [{ configured: 80, wanted: 8080, bound: 8081 }, ['‼ port 8080 is taken: port 80 is served on 8081']],
  [{ configured: 9000, wanted: 9000, bound: 9001 }, ['‼ port 9000 is taken: port 9000 is served on 9001']],
])('says where %j is served, and why', (port, lines) => {
  expect(portLines(port)).toEqual(lines);
});
