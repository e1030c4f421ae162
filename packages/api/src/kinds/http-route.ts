import { dnsLabel } from '../formats/dns-name.ts';
import { duration } from '../formats/duration.ts';
import { authority, headerText, isClaimRoute, matchedHeaderName } from '../formats/header.ts';
import { gatewayReference } from '../formats/host.ts';
import { labelKey, labelValue } from '../formats/label.ts';
import { re2GroupCount } from '../formats/re2-syntax.ts';
import { highestGroup, regexSubstitution, regularExpression } from '../formats/regular-expression.ts';
import { base64, isWellFormed, pathText, plainText } from '../formats/text.ts';
import {
  array,
  boolean,
  described,
  type Infer,
  integer,
  map,
  object,
  type ReportProblem,
  required,
  type StringFormat,
  string,
} from '../schema.ts';
import { CorsPolicy } from './cors-policy.ts';
import { checkWeights, Destination, portNumber } from './destination.ts';
import { HttpFaultInjection, Percent } from './fault-injection.ts';
import { checkAuthority, Headers } from './header-operations.ts';
import { HttpRetry } from './http-retry.ts';
import { AbsenceMatch, UriMatch, ValueMatch } from './string-match.ts';

/** Envoy's bound on the name of a query parameter. */
const parameterName = {
  name: 'parameter-name',
  check: (text: string): string | undefined =>
    text === '' || text.length > 256 ? 'a parameter name of 1 to 256 characters' : plainText.check(text),
};

/** Istio `HTTPMatchRequest`: everything named must match. */
export const HttpMatchRequest = object({
  name: string({ format: plainText, doc: 'Joined to the name of the route in the names of Envoy routes.' }),
  uri: UriMatch,
  scheme: ValueMatch,
  method: ValueMatch,
  authority: ValueMatch,
  headers: map(ValueMatch, {
    keys: matchedHeaderName,
    doc: 'By header name; an empty match means the header is present.',
  }),
  port: integer({ minimum: 0, maximum: 65535, doc: 'The port that the request came to, as configured; 0 is any.' }),
  sourceLabels: map(string({ format: labelValue }), {
    keys: labelKey,
    doc: 'Labels of the workload whose proxy routes; not looked at in a match that names gateways.',
  }),
  gateways: array(string({ format: gatewayReference }), {
    doc: 'Those of spec.gateways for which the match is; all if absent.',
  }),
  queryParams: map(ValueMatch, {
    keys: parameterName,
    doc: 'By parameter name; an empty match means the parameter is present.',
  }),
  ignoreUriCase: boolean({ doc: 'For exact and prefix; a regex says (?i) itself.' }),
  withoutHeaders: map(AbsenceMatch, {
    keys: matchedHeaderName,
    doc: 'By header name; none of them may match. An empty match means the header is absent.',
  }),
  sourceNamespace: string({
    format: dnsLabel,
    emptyIsAbsent: true,
    doc: 'Of the workload whose proxy routes; not looked at in a match that names gateways.',
  }),
  statPrefix: string({
    format: plainText,
    emptyIsAbsent: true,
    doc: 'Under which the proxy counts the requests of the route in its statistics.',
  }),
});
export type HttpMatchRequest = Infer<typeof HttpMatchRequest>;

/** Istio `HTTPRouteDestination`: one leg of a route. */
export const HttpRouteDestination = object(
  {
    destination: required(Destination),
    weight: integer({
      minimum: 0,
      maximum: 2_147_483_647,
      doc: 'Share of the requests among all legs; a single leg gets all.',
    }),
    headers: Headers,
  },
  { check: (leg, report) => checkAuthority(false, leg.headers, report) },
);
export type HttpRouteDestination = Infer<typeof HttpRouteDestination>;

/** Istio `HTTPRedirect`: the parts of the URL that change, and the status. */
export const HttpRedirect = object(
  {
    uri: string({ format: headerText, emptyIsAbsent: true, doc: 'Replaces the whole path, query included.' }),
    prefixRewrite: string({
      format: headerText,
      emptyIsAbsent: true,
      doc: 'Replaces the matched prefix; every uri match of the rule must be a prefix.',
    }),
    authority: string({ format: authority, emptyIsAbsent: true }),
    scheme: string({ values: ['http', 'https'], emptyIsAbsent: true }),
    port: portNumber,
    derivePort: string({
      values: ['FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT'],
      doc: 'Takes the port from the scheme (80, 443) or from the request.',
    }),
    redirectCode: integer({ values: [301, 302, 303, 307, 308], doc: '301 if absent. Envoy knows no other codes.' }),
  },
  {
    oneOf: [
      { fields: ['uri', 'prefixRewrite'], wanted: 'atMostOne' },
      { fields: ['port', 'derivePort'], wanted: 'atMostOne' },
    ],
    check: (redirect, report) => {
      const { uri, prefixRewrite, authority: host, scheme, port, derivePort } = redirect;
      if ([uri, prefixRewrite, host, scheme, port, derivePort].every((part) => part === undefined)) {
        report({ message: 'found a redirect that changes nothing', wanted: 'uri, authority, scheme or port' });
      }
    },
  },
);
export type HttpRedirect = Infer<typeof HttpRedirect>;

/** Istio `RegexRewrite`. */
const RegexRewrite = object(
  {
    match: required(string({ format: regularExpression, doc: 'In the path without query; every match is replaced.' })),
    rewrite: required(
      string({ format: regexSubstitution, minLength: 1, doc: 'Groups of the match are \\1 to \\9, \\0 is all of it.' }),
    ),
  },
  {
    check: ({ match, rewrite }, report) => {
      const groups = re2GroupCount(match);
      const highest = highestGroup(rewrite);
      if (highest > groups) {
        report({
          path: ['rewrite'],
          message: `found group \\${highest}, where the expression has ${groups === 0 ? 'no groups' : `only ${groups}`}`,
          wanted: 'a group of the expression',
        });
      }
    },
  },
);

/** Istio `HTTPRewrite`: what the destination is sent instead of what was asked for. */
export const HttpRewrite = object(
  {
    uri: string({ format: pathText, emptyIsAbsent: true, doc: 'Replaces the path, or the prefix that matched.' }),
    authority: string({ format: authority, emptyIsAbsent: true }),
    uriRegexRewrite: RegexRewrite,
  },
  {
    oneOf: [{ fields: ['uri', 'uriRegexRewrite'], wanted: 'atMostOne' }],
    check: (rewrite, report) => {
      if (Object.keys(rewrite).length === 0)
        report({ message: 'found a rewrite that changes nothing', wanted: 'uri or authority' });
    },
  },
);
export type HttpRewrite = Infer<typeof HttpRewrite>;

/** Istio's bound on what a configured answer may carry. */
const MAX_BODY_BYTES = 1024 * 1024;

const bodyText: StringFormat = {
  name: 'body-text',
  check: (text) =>
    isWellFormed(text) && new TextEncoder().encode(text).length <= MAX_BODY_BYTES
      ? undefined
      : `text without unpaired surrogates, of at most ${MAX_BODY_BYTES} bytes`,
};

const bodyBytes: StringFormat = {
  ...base64,
  check: (text) => {
    const padding = /=*$/.exec(text)?.[0].length ?? 0;
    return base64.check(text) === undefined && (text.length / 4) * 3 - padding <= MAX_BODY_BYTES
      ? undefined
      : `base64 text of at most ${MAX_BODY_BYTES} bytes`;
  },
};

/** Istio `HTTPDirectResponse`: an answer without a destination. */
export const HttpDirectResponse = object({
  status: required(integer({ minimum: 200, maximum: 599 })),
  body: object(
    {
      string: string({ format: bodyText, doc: 'Sent as text/plain, in UTF-8.' }),
      bytes: string({ format: bodyBytes, doc: 'In base64; sent as text/plain too.' }),
    },
    { oneOf: [{ fields: ['string', 'bytes'], wanted: 'atMostOne' }] },
  ),
});

/** Istio `HTTPRoute`: one rule. The first rule with a match that applies decides; without `match` it applies to everything. */
export const HttpRoute = object(
  {
    name: string({
      format: plainText,
      emptyIsAbsent: true,
      doc: 'Appears in access logs and in the names of Envoy routes.',
    }),
    match: array(HttpMatchRequest, { doc: 'Alternatives.' }),
    route: array(HttpRouteDestination),
    redirect: HttpRedirect,
    directResponse: HttpDirectResponse,
    delegate: object(
      { name: string({ format: dnsLabel }), namespace: string({ format: dnsLabel, emptyIsAbsent: true }) },
      { doc: 'A VirtualService without hosts whose rules stand here, each within the conditions of this one.' },
    ),
    rewrite: HttpRewrite,
    timeout: string({
      format: duration,
      doc: 'From the end of the request to the end of the answer, retries included; none if absent.',
    }),
    retries: HttpRetry,
    fault: HttpFaultInjection,
    mirror: described(Destination, 'Gets a copy of each request; its answers are ignored.'),
    mirrors: array(object({ destination: required(Destination), percentage: Percent })),
    mirrorPercent: integer({ minimum: 0, maximum: 100, doc: 'Deprecated for mirrorPercentage, which goes before it.' }),
    mirror_percent: integer({ minimum: 0, maximum: 100, doc: 'An older spelling of mirrorPercent.' }),
    mirrorPercentage: Percent,
    corsPolicy: CorsPolicy,
    headers: Headers,
  },
  {
    oneOf: [{ fields: ['mirror', 'mirrors'], wanted: 'atMostOne' }],
    check: (rule, report) => {
      checkAction(rule, report);
      checkWeights(rule.route, ['route'], report);
      checkAuthority(rule.rewrite?.authority !== undefined, rule.headers, report);
      if (rule.redirect?.prefixRewrite !== undefined) {
        for (const [index, match] of (rule.match ?? []).entries()) {
          if (match.uri !== undefined && match.uri.prefix === undefined) {
            report({
              path: ['match', index, 'uri'],
              message: 'found no prefix, which redirect.prefixRewrite replaces',
              wanted: 'prefix',
            });
          }
        }
      }
    },
  },
);
export type HttpRoute = Infer<typeof HttpRoute>;

interface RuleActions {
  readonly route?: readonly unknown[];
  readonly redirect?: unknown;
  readonly directResponse?: unknown;
  readonly delegate?: unknown;
  readonly rewrite?: unknown;
  readonly fault?: unknown;
}

/** A rule does one thing: it routes, redirects, answers by itself, or leaves the decision to a delegate. */
function checkAction(rule: RuleActions, report: ReportProblem): void {
  const routes = (rule.route?.length ?? 0) > 0;
  const exclusive = (
    action: 'redirect' | 'directResponse' | 'delegate',
    others: readonly (keyof RuleActions)[],
  ): void => {
    for (const other of others) {
      if (other === 'route' ? routes : rule[other] !== undefined) {
        report({ path: [other], message: `found ${other} together with ${action}`, wanted: 'only one of them' });
      }
    }
  };
  if (rule.delegate !== undefined) exclusive('delegate', ['route', 'redirect', 'directResponse']);
  else if (rule.redirect !== undefined) exclusive('redirect', ['route', 'directResponse', 'rewrite', 'fault']);
  else if (rule.directResponse !== undefined) exclusive('directResponse', ['route', 'rewrite', 'fault']);
  else if (!routes) report({ message: 'found no destination', wanted: 'route, redirect or directResponse' });
}

/** Whether a rule looks at claims of a token, which only gateways can. */
export function matchesOnClaims(rule: HttpRoute): boolean {
  return (rule.match ?? []).some((match) =>
    [...Object.keys(match.headers ?? {}), ...Object.keys(match.withoutHeaders ?? {})].some(isClaimRoute),
  );
}
