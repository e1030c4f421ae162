import { expect, test } from 'vitest';
import { refusedNames } from './receive-answer.ts';

const NAMES = ['outbound|80||a.shop', 'outbound|80||a.shop.svc', '0.0.0.0_80', 'web', 'web-2'];

test.each([
  ['Error adding/updating cluster(s) outbound|80||a.shop: no', ['outbound|80||a.shop']],
  ['Error adding/updating cluster(s) outbound|80||a.shop.svc: no', ['outbound|80||a.shop.svc']],
  ['web: no\nweb-2: no', ['web', 'web-2']],
  ['listener "web-2" is bad', ['web-2']],
  ['cannot use web.', ['web']],
  ['cannot bind 0.0.0.0_80', ['0.0.0.0_80']],
  ['webs are bad', NAMES],
  ['', NAMES],
])('refusedNames in %j', (message, expected) => {
  expect([...refusedNames(NAMES, message)]).toEqual(expected);
});
