import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { RedirectActionSchema, RouteMatchSchema } from '@heddle/envoy-api/route';
import { describe, expect, test } from 'vitest';
import { compileRedirect } from './redirect.ts';
import { requestView } from './request-view.ts';

describe('compileRedirect', () => {
  test.each([
    [{ httpsRedirect: true }, 'a.test:80', '/p?q', 'https://a.test/p?q'],
    [{ httpsRedirect: true }, 'a.test:8080', '/p', 'https://a.test:8080/p'],
    [{ portRedirect: 8443 }, 'a.test:80', '/p', 'http://a.test:8443/p'],
    [{ portRedirect: 1 }, '[::1]:80', '/p', 'http://[::1]:1/p'],
    [{ hostRedirect: 'b.test' }, 'a.test:80', '/p', 'http://b.test/p'],
    [{ pathRedirect: '/x' }, 'a.test', '/p?q', 'http://a.test/x?q'],
    [{ pathRedirect: '/x?y', stripQuery: true }, 'a.test', '/p?q', 'http://a.test/x?y'],
    [{ stripQuery: true }, 'a.test', '/p?q', 'http://a.test/p'],
    [{ prefixRewrite: '/x' }, 'a.test', '/p/r?q', 'http://a.test/x/r?q'],
    [{ pathRedirect: 'x' }, 'a.test', '/p', 'http://a.test/x'],
  ] as [JsonObject, string, string, string][])('%j of %s%s leads to %s', (action, authority, path, wanted) => {
    const redirect = compileRedirect(
      fromJson(RouteMatchSchema, { prefix: '/p' }),
      fromJson(RedirectActionSchema, action),
    );
    const headers = ['x-forwarded-proto', 'http'];
    expect(redirect.location(requestView({ method: 'GET', scheme: 'http', authority, path, headers }))).toBe(wanted);
  });
});
