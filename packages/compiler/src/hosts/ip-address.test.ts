import { expect, test } from 'vitest';
import { isIpAddress } from './ip-address.ts';

test.each([
  ['127.0.0.1', true],
  ['255.255.255.255', true],
  ['256.0.0.1', false],
  ['1.2.3', false],
  ['1.2.3.4.', false],
  ['01.2.3.4', false],
  ['::', true],
  ['::1', true],
  ['fd00::1:2', true],
  ['1:2:3:4:5:6:7:8', true],
  ['1:2:3:4:5:6:7', false],
  ['1::2::3', false],
  ['::ffff:10.0.0.1', true],
  ['10.0.0.1::', false],
  ['1:2:3:4:5:6:7:8::', false],
  ['12345::', false],
  ['[::1]', false],
  ['localhost', false],
  ['', false],
])('isIpAddress: "%s" is %s', (text, expected) => {
  expect(isIpAddress(text)).toBe(expected);
});
