import { describe, expect, test } from 'vitest';
import { compileFormat, type FormatContext } from './format.ts';
import { compileTimeFormat } from './format-time.ts';

const headers: Record<string, string> = { ':path': '/a/b?q=1&q=2', ':method': 'GET', 'x-one': 'one' };
const context: FormatContext = {
  requestHeader: (name) => headers[name],
  responseHeader: (name) => (name === 'server' ? 'envoy' : undefined),
  value: (command) => ({ RESPONSE_CODE: 200, RESPONSE_FLAGS: '-', DURATION: 0 })[command as string],
  argumentValue: (command, argument) => `${command}/${argument}`,
  startTimeMs: Date.UTC(2026, 10, 23, 9, 5, 7, 42),
};

describe('compileFormat', () => {
  test.each([
    ['plain', 'plain'],
    ['', ''],
    ['%REQ(:METHOD)% %RESPONSE_CODE%', 'GET 200'],
    ['%REQ(X-Two?X-One)%', 'one'],
    ['%REQ(X-Two)%|%RESP(Server)%', '-|envoy'],
    ['%REQ(:PATH):4%', '/a/b'],
    ['%PATH(NQ)% %QUERY_PARAM(q)%', '/a/b 1'],
    ['%DURATION%', '0'],
    ['100%%', '100%'],
    ['%DYNAMIC_METADATA(a:b):16%', 'DYNAMIC_METADATA'],
    ['[%START_TIME%]', '[2026-11-23T09:05:07.042Z]'],
    ['%UPSTREAM_HOST%', '-'],
  ])('%s gives %s', (text, wanted) => {
    expect(compileFormat(text, { missing: '-' })(context)).toBe(wanted);
  });

  test('a missing value is nothing by default', () => {
    expect(compileFormat('a%REQ(x)%b')(context)).toBe('ab');
  });

  test.each([
    ['100%', 'lone percent sign'],
    ['%REQ(%', 'lone percent sign'],
    ['%REQ()%', 'must name one header'],
    ['%REQ(a?b?c)%', 'must name one header'],
    ['%NO_SUCH%', 'format command "%NO_SUCH%" is not known'],
  ])('refuses %s', (text, message) => {
    expect(() => compileFormat(text)).toThrow(message);
  });
});

describe('compileTimeFormat', () => {
  test.each([
    ['', '2026-11-23T09:05:07.042Z'],
    ['%Y/%m/%dT%H:%M:%S%z %s', '2026/11/23T09:05:07+0000 1795424707'],
    ['%s.%3f', '1795424707.042'],
    ['%f', '042000000'],
    ['%3s', '1795424707042'],
    ['%E3S|%E*S|%ES', '07.042|07.042|07'],
    [
      '%a %A %b %B %e %j %I %p %D %F %T %R %y %Z %% %n%t',
      'Mon Monday Nov November 23 327 09 AM 11/23/26 2026-11-23 09:05:07 09:05 26 UTC % \n\t',
    ],
  ])('%s gives %s', (format, wanted) => {
    expect(compileTimeFormat(format)(context.startTimeMs ?? 0)).toBe(wanted);
  });
});
