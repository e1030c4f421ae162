import { describe, expect, test } from 'vitest';
import { validate } from '../validate.ts';
import { VirtualServiceSpec } from './virtual-service.ts';

/** What Istio refuses in a VirtualService's HTTP rules beyond what `istio-rules.test.ts` has, and what it takes. */
const route = [{ destination: { host: 'reviews' } }];
const rule = (parts: object): object => ({ hosts: ['reviews'], http: [{ route, ...parts }] });
const abort = (parts: object): object => rule({ fault: { abort: { httpStatus: 500, ...parts } } });
const delay = (parts: object): object => rule({ fault: { delay: { fixedDelay: '1s', ...parts } } });
const cors = (corsPolicy: object): object => rule({ corsPolicy });
const rewrite = (parts: object): object =>
  rule({ rewrite: { uriRegexRewrite: { match: '/a(.*)', rewrite: '/b', ...parts } } });
const exported = (...exportTo: string[]): object => ({ hosts: ['reviews'], http: [{ route }], exportTo });
const delegating = (parts: object): object => ({ hosts: ['reviews'], http: [{ delegate: { name: 'a' }, ...parts }] });

function errors(spec: object): readonly string[] {
  return validate(VirtualServiceSpec, spec)
    .problems.filter(({ severity }) => severity === 'error')
    .map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('faults', () => {
  test.each([
    [rule({ fault: {} }), 'http.0.fault: found neither delay nor abort'],
    [abort({ percentage: { value: 101 } }), 'http.0.fault.abort.percentage.value: found 101'],
    [abort({ percentage: { value: -1 } }), 'http.0.fault.abort.percentage.value: found -1'],
    [abort({ percentage: { value: 0.00001 } }), 'http.0.fault.abort.percentage.value: found 0.00001'],
    [delay({ percentage: { value: 0.00001 } }), 'http.0.fault.delay.percentage.value: found 0.00001'],
    [delay({ percent: 101 }), 'http.0.fault.delay.percent: found 101'],
    [abort({ httpStatus: 199 }), 'http.0.fault.abort.httpStatus: found 199'],
    [abort({ httpStatus: 600 }), 'http.0.fault.abort.httpStatus: found 600'],
    [abort({ grpcStatus: 'OK' }), 'http.0.fault.abort.grpcStatus: found "httpStatus", "grpcStatus" together'],
    [abort({ httpStatus: undefined, grpcStatus: 'FINE' }), 'http.0.fault.abort.grpcStatus: found "FINE"'],
    [abort({ httpStatus: undefined, http2Error: 'CANCEL' }), 'http.0.fault.abort.http2Error: found http2Error'],
    [delay({ fixedDelay: '0s' }), 'http.0.fault.delay.fixedDelay: found "0s"'],
    [delay({ fixedDelay: '1us' }), 'http.0.fault.delay.fixedDelay: found "1us"'],
    [
      delay({ fixedDelay: undefined, exponentialDelay: '1s' }),
      'http.0.fault.delay.exponentialDelay: found exponentialDelay',
    ],
    [
      rule({ fault: { abort: { httpStatus: 500 } }, route: undefined, redirect: { uri: '/' } }),
      'http.0.fault: found fault together with redirect',
    ],
    [
      rule({ fault: { abort: { httpStatus: 500 } }, route: undefined, directResponse: { status: 200 } }),
      'http.0.fault: found fault together with directResponse',
    ],
  ])('%j is refused', (spec, wanted) => {
    expect(errors(spec)).toEqual([expect.stringContaining(wanted)]);
  });

  test.each([
    abort({ percentage: { value: 0 } }),
    abort({ percentage: { value: 0.0001 } }),
    abort({ percentage: { value: 100 } }),
    abort({ percentage: {} }),
    rule({ fault: { abort: {} } }),
    rule({ fault: { delay: {} } }),
    delay({ percent: 5, percentage: { value: 7 } }),
  ])('%j is taken', (spec) => {
    expect(errors(spec)).toEqual([]);
  });
});

describe('CORS', () => {
  test.each([
    [cors({ allowOrigins: [{}] }), 'http.0.corsPolicy.allowOrigins.0: found no origin'],
    [cors({ allowOrigins: [{ exact: 'a' }, { exact: '' }] }), 'http.0.corsPolicy.allowOrigins.1: found no origin'],
    [
      cors({ allowOrigins: [{ exact: 'a', prefix: 'b' }] }),
      'http.0.corsPolicy.allowOrigins.0.prefix: found "exact", "prefix" together',
    ],
    [cors({ allowOrigins: [{ regex: '(' }] }), 'http.0.corsPolicy.allowOrigins.0.regex: found "("'],
    [cors({ allowMethods: ['GET', 'FETCH'] }), 'http.0.corsPolicy.allowMethods.1: found "FETCH"'],
    [cors({ allowHeaders: ['a b'] }), 'http.0.corsPolicy.allowHeaders.0: found "a b"'],
    [cors({ exposeHeaders: ['a:b'] }), 'http.0.corsPolicy.exposeHeaders.0: found "a:b"'],
    [cors({ maxAge: '1.5s' }), 'http.0.corsPolicy.maxAge: found "1.5s"'],
    [cors({ maxAge: '0s' }), 'http.0.corsPolicy.maxAge: found "0s"'],
    [cors({ unmatchedPreflights: 'DROP' }), 'http.0.corsPolicy.unmatchedPreflights: found "DROP"'],
  ])('%j is refused', (spec, wanted) => {
    expect(errors(spec)).toEqual([expect.stringContaining(wanted)]);
  });

  test.each([cors({}), cors({ allowOrigin: ['*'], allowMethods: ['*'], allowHeaders: ['*'], maxAge: '24h' })])(
    '%j is taken',
    (spec) => {
      expect(errors(spec)).toEqual([]);
    },
  );
});

describe('mirrors', () => {
  const mirror = { host: 'audit' };
  test.each([
    [rule({ mirror, mirrors: [{ destination: mirror }] }), 'http.0.mirrors: found "mirror", "mirrors" together'],
    [rule({ mirror: { host: '*' } }), 'http.0.mirror.host: found "*"'],
    [rule({ mirror: { host: 'a', subset: 'a_b' } }), 'http.0.mirror.subset: found "a_b"'],
    [rule({ mirror: { host: 'a', port: { number: 0 } } }), 'http.0.mirror.port.number: found 0'],
    [rule({ mirror, mirrorPercent: 101 }), 'http.0.mirrorPercent: found 101'],
    [rule({ mirror, mirrorPercentage: { value: 100.1 } }), 'http.0.mirrorPercentage.value: found 100.1'],
    [rule({ mirror, mirrorPercentage: { value: -1 } }), 'http.0.mirrorPercentage.value: found -1'],
    [rule({ mirrors: [{}] }), 'http.0.mirrors.0.destination: "destination" is missing'],
    [
      rule({ mirrors: [{ destination: mirror, percentage: { value: 101 } }] }),
      'http.0.mirrors.0.percentage.value: found 101',
    ],
  ])('%j is refused', (spec, wanted) => {
    expect(errors(spec)).toEqual([expect.stringContaining(wanted)]);
  });
});

describe('regex rewrites', () => {
  test.each([
    [rewrite({ match: undefined }), 'http.0.rewrite.uriRegexRewrite.match: "match" is missing'],
    [rewrite({ rewrite: undefined }), 'http.0.rewrite.uriRegexRewrite.rewrite: "rewrite" is missing'],
    [rewrite({ rewrite: '' }), 'http.0.rewrite.uriRegexRewrite.rewrite: found'],
    [rewrite({ match: '(?=a)' }), 'http.0.rewrite.uriRegexRewrite.match: found "(?=a)"'],
    [rewrite({ match: 'a'.repeat(1025) }), 'http.0.rewrite.uriRegexRewrite.match: found'],
    [
      rewrite({ rewrite: '/\\2' }),
      'http.0.rewrite.uriRegexRewrite.rewrite: found group \\2, where the expression has only 1',
    ],
    [rewrite({ match: '(?:a)[(]\\(', rewrite: '\\1' }), 'found group \\1, where the expression has no groups'],
    [rewrite({ rewrite: '/\\x' }), 'http.0.rewrite.uriRegexRewrite.rewrite: found "/\\x"'],
    [rewrite({ rewrite: '/\\' }), 'http.0.rewrite.uriRegexRewrite.rewrite: found "/\\"'],
    [
      rule({ rewrite: { uri: '/', uriRegexRewrite: { match: 'a', rewrite: 'b' } } }),
      'http.0.rewrite.uriRegexRewrite: found "uri", "uriRegexRewrite" together',
    ],
    [rule({ rewrite: {} }), 'http.0.rewrite: found a rewrite that changes nothing'],
  ])('%j is refused', (spec, wanted) => {
    expect(errors(spec)).toEqual([expect.stringContaining(wanted)]);
  });

  test.each([
    rewrite({ rewrite: '\\0\\1\\\\' }),
    rewrite({ match: '(?P<a>x)(?<b>y)(z)', rewrite: '\\3\\2\\1' }),
    rewrite({ match: '\\((a)[(]\\Q(\\E(b)', rewrite: '\\2' }),
  ])('%j is taken', (spec) => {
    expect(errors(spec)).toEqual([]);
  });
});

describe('delegates', () => {
  test.each([
    [delegating({ route }), 'http.0.route: found route together with delegate'],
    [delegating({ redirect: { uri: '/' } }), 'http.0.redirect: found redirect together with delegate'],
    [{ http: [{ delegate: { name: 'a' } }] }, 'http.0.delegate: found a delegate inside a delegate'],
    [{ http: [{ route }], gateways: ['a'] }, 'gateways: found gateways in a delegate'],
    [{ http: [{ route }], tcp: [{ route }] }, 'tcp: found tcp in a delegate'],
  ])('%j is refused', (spec, wanted) => {
    expect(errors(spec)).toEqual([expect.stringContaining(wanted)]);
  });

  test.each([delegating({ timeout: '1s', fault: { abort: { httpStatus: 500 } } }), { http: [{ route }] }])(
    '%j is taken',
    (spec) => {
      expect(errors(spec)).toEqual([]);
    },
  );
});

describe('exportTo', () => {
  test.each([
    [exported('*', 'shop'), 'exportTo.0: found "*" together with others'],
    [exported('.', '*'), 'exportTo.1: found "*" together with others'],
    [exported('shop', 'shop'), 'exportTo.1: found "shop" twice'],
    [exported('~'), 'exportTo.0: found "~"'],
    [exported('A_b'), 'exportTo.0: found "A_b"'],
  ])('%j is refused', (spec, wanted) => {
    expect(errors(spec)).toEqual([expect.stringContaining(wanted)]);
  });

  test.each([exported('*'), exported('.'), exported('.', 'shop'), exported()])('%j is taken', (spec) => {
    expect(errors(spec)).toEqual([]);
  });
});
