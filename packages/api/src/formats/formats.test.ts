import { describe, expect, test } from 'vitest';
import type { StringFormat } from '../schema.ts';
import { dns1035Label, dnsLabel, dnsSubdomain, hostLabel } from './dns-name.ts';
import { duration, durationOrZero, parseDurationMs } from './duration.ts';
import {
  authority,
  headerText,
  headerValue,
  matchedHeaderName,
  mutableHeader,
  settableRequestHeader,
} from './header.ts';
import {
  destinationHost,
  exportTarget,
  gatewayReference,
  gatewayServerHost,
  hostNameOrIp,
  wildcardHost,
  wildcardHostOrIp,
} from './host.ts';
import { ipAddress, ipSubnet } from './ip-address.ts';
import { labelKey, labelValue } from './label.ts';
import { base64, pathText, plainText, quantity, timestamp } from './text.ts';

const long = (length: number): string => 'a'.repeat(length);

const cases: readonly (readonly [StringFormat, sound: readonly string[], broken: readonly string[]])[] = [
  [dnsLabel, ['a', 'a-b', '0', long(63)], ['', '-a', 'a-', 'A', 'a.b', 'a_b', long(64), 'ä']],
  [dns1035Label, ['a', 'a0'], ['0a', 'A', '']],
  [hostLabel, ['A', 'a-B'], ['', 'a.b', '*', long(64)]],
  [dnsSubdomain, ['a', 'a.b-c.0', `${long(250)}.ab`], ['', '.a', 'a.', 'a..b', 'A.b', `${long(251)}.ab`]],
  [
    ipAddress,
    ['0.0.0.0', '255.255.255.255', '::', '::1', '2001:db8::8:800:200c:417a', '1:2:3:4:5:6:7:8', '::ffff:192.0.2.1'],
    [
      '',
      '256.0.0.1',
      '1.2.3',
      '01.2.3.4',
      '1.2.3.4.5',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '12345::',
      'g::',
      '1.2.3.4::',
      '::1%eth0',
      '[::1]',
    ],
  ],
  [
    ipSubnet,
    ['10.0.0.0/8', '::/0', '::/128', '1.2.3.4'],
    ['10.0.0.0/33', '::/129', '10.0.0.0/', '/8', '10.0.0.0/08', '10.0.0.0/8/8'],
  ],
  [
    duration,
    ['1ms', '1s', '1.5s', '1h30m', '0.001s', '1000us', '.5s'],
    ['', '5', '0s', '-1s', '1', 's', '1d', '0.5ms', '1.0005s', '1 s', '1e3s', '10000000000h', '1s '.repeat(40)],
  ],
  [durationOrZero, ['0s', '0', '0ms', '1s'], ['0.1ms', '-0s']],
  [
    labelKey,
    ['app', 'app.kubernetes.io/name', 'a_b.c-d', 'A', `${long(63)}`],
    ['', '/a', 'a/', 'a/b/c', '-a', 'a-', long(64), 'a b', `${long(254)}/a`],
  ],
  [labelValue, ['', 'v1', 'a_b.c-D', long(63)], ['-', 'a-', long(64), 'a b', 'a/b']],
  [
    destinationHost,
    ['reviews', 'reviews.shop.svc.cluster.local', '*.example.com', 'a.', '*-a.b', '*a.b', '80', '*.'],
    ['', '*', '10.0.0.1', '*.1', 'a..b', 'a.*.b', 'a*', '*.*.a', 'a_b', '-a', long(64), 'http://a', 'a:80'],
  ],
  [wildcardHost, ['*', '*.a', 'a'], ['**', '*.*', '*.-', 'a/b', '']],
  [wildcardHostOrIp, ['*', '1.2.3.4', '::1'], ['::1::', '1.2.3.4:80']],
  [hostNameOrIp, ['a.b', '::1'], ['*.a', '']],
  [
    gatewayServerHost,
    ['*', '*.a.b', 'shop/*', './a.b', '*/a.b', '*/*', '10.0.0.1', '::1'],
    ['', '/a.b', 'a/', 'A_/a.b', 'x/y/z.a', '~/a.b', 'short', 'shop/short', '*-a.b', '*a.b', '*/*a.b'],
  ],
  [gatewayReference, ['mesh', 'gw', 'shop/gw', 'gw.shop.svc.cluster.local'], ['', '*', 'a/b/c', '/a', 'a/', 'A_']],
  [exportTarget, ['*', '.', '~', 'shop'], ['', '**', 'a.b', 'A']],
  [
    matchedHeaderName,
    ['x-user', ':method', ':authority', '@request.auth.claims.group', '@request.auth.claims[a][b]', '%'],
    ['', 'a b', ':other', 'a:', 'é', '@request.auth.claims', 'a\r\nb'],
  ],
  [settableRequestHeader, ['x-user', 'Host', ':authority'], [':path', ':method', '', 'a b', 'x\n']],
  [mutableHeader, ['x-user', 'server'], ['host', 'HOST', ':authority', ':status', '', 'a\tb']],
  [headerText, ['', '/a b', 'é', '\t'], ['\r', '\n', '\0', '\u007f', '\ud800', long(4097)]],
  [
    headerValue,
    [
      '',
      'plain',
      '100%%',
      '%HOSTNAME%',
      'a%REQ(x)%b',
      '%REQ(:path?x-b):10%',
      '%START_TIME(%Y)%',
      '%START_TIME%',
      '%%%PROTOCOL%',
    ],
    [
      '%',
      '100%',
      '%HOSTNAME',
      '%FOO%',
      '%REQ%',
      '%REQ()%',
      '%REQ(a?b?c)%',
      '%REQ(a)',
      '%hostname%',
      '%HOSTNAME(x)%',
      '%REQ(a):x%',
      '%%%',
      '%REQ(a\n)%',
      '\r\nx: y',
      '%constructor%',
    ],
  ],
  [authority, ['a.b', 'a.b:80', '[::1]:80'], ['', 'a b', 'a/b', 'u@h', 'a?b', 'a\n', long(256)]],
  [plainText, ['', 'ä😀', '\n'], ['\0', '\ud83d']],
  [pathText, ['', '/a?b#c', 'ä'], ['\n', '\r', '\0', '\udc00']],
  [quantity, ['1', '100m', '1.5', '.5', '64Mi', '2e3', '-1', '1E'], ['', 'm', '1 Mi', '1MiB', '1e', '--1', long(65)]],
  [
    timestamp,
    ['2026-01-31T09:30:00Z', '2026-01-31T09:30:00.123456+02:00'],
    ['', '2026-01-31', '2026-13-31T09:30:00Z', '2026-01-31 09:30:00Z', 'now'],
  ],
  [base64, ['', 'YQ==', 'YWI=', 'YWJj'], ['YQ', 'Y===', 'YQ=a', '*===']],
];

describe.each(cases)('$name', (format, sound, broken) => {
  test.each(sound.map((text) => [text]))('takes %j', (text) => {
    expect(format.check(text)).toBeUndefined();
  });
  test.each(broken.map((text) => [text]))('refuses %j', (text) => {
    expect(format.check(text)).toMatch(/\S/);
  });
  test('takes time linear in the text', () => {
    // A quadratic check would need minutes for these.
    for (const text of [
      long(200_000),
      `${long(200_000)}!`,
      '%'.repeat(200_000),
      '-'.repeat(200_000),
      `${'a.'.repeat(100_000)}`,
      `${'1s'.repeat(100_000)}`,
      '::'.repeat(100_000),
    ]) {
      format.check(text);
    }
  });
});

test.each([
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['20ms', 20],
  ['0', 0],
  ['1us', 0.001],
])('parseDurationMs reads %s', (text, ms) => {
  expect(parseDurationMs(text)).toBeCloseTo(ms, 9);
});
