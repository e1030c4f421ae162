import type { StringFormat } from '../schema.ts';
import { headerFormatProblem } from './header-format.ts';
import { isWellFormed } from './text.ts';

/** RFC 9110 `token`. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const PSEUDO_HEADERS: ReadonlySet<string> = new Set([':method', ':scheme', ':authority', ':path', ':status']);
/** Envoy refuses longer names and values (`envoy.config.core.v3.HeaderValue`). */
const MAX_BYTES = 16_384;

function isHeaderName(text: string): boolean {
  return text.length <= MAX_BYTES && TOKEN.test(text);
}

function isAuthority(text: string): boolean {
  const lower = text.toLowerCase();
  return lower === ':authority' || lower === 'host';
}

/**
 * A header that a match looks at: a header name, a pseudo header, or a claim of a verified token as Istio writes it
 * (`@request.auth.claims.group`, `@request.auth.claims[group]`).
 */
export const matchedHeaderName: StringFormat = {
  name: 'matched-header-name',
  check: (text) =>
    isHeaderName(text) || PSEUDO_HEADERS.has(text) || isClaimRoute(text)
      ? undefined
      : 'a header name such as x-user, or a pseudo header',
  notApplied: (text) =>
    isClaimRoute(text) ? 'matching on claims of a token is part of the API but not applied yet' : undefined,
};

/** Istio's routing on claims: a header name that stands for a claim of the request's verified token. */
export function isClaimRoute(text: string): boolean {
  return /^@request\.auth\.claims(?:\.[^[\]\s]+|(?:\[[^[\]]+\])+)$/i.test(text) && text.length <= 1024;
}

/** A request header that an operation adds or sets: any header; `host` and `:authority` change where the request claims to go. */
export const settableRequestHeader: StringFormat = {
  name: 'settable-request-header',
  check: (text) => (isHeaderName(text) || isAuthority(text) ? undefined : 'a header name such as x-user'),
};

/** A header that an operation removes, or changes in a response: Envoy refuses to touch `host` and pseudo headers here. */
export const mutableHeader: StringFormat = {
  name: 'mutable-header',
  check: (text) =>
    isHeaderName(text) && !isAuthority(text) ? undefined : 'a header name other than host, without ":"',
};

/** A header name, or `*`: the lists of a CORS policy. */
export const corsHeaderName: StringFormat = {
  name: 'cors-header-name',
  check: (text) => (isHeaderName(text) ? undefined : 'a header name, or "*"'),
};

/** A header name. */
export const headerName: StringFormat = {
  name: 'header-name',
  check: (text) => (isHeaderName(text) ? undefined : 'a header name such as x-user'),
};

/** Text that may stand in a header: no control characters but tab, no unpaired surrogates. */
export function isHeaderText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.length <= MAX_BYTES / 4 && !/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text) && isWellFormed(text);
}

/** Plain text that becomes a header's value, e.g. a host. */
export const headerText: StringFormat = {
  name: 'header-text',
  check: (text) => (isHeaderText(text) ? undefined : 'at most 4096 characters without control characters'),
};

/** A header value with Envoy's `%COMMANDS%`; `%%` is a percent sign. */
export const headerValue: StringFormat = {
  name: 'header-value',
  check: (text) =>
    isHeaderText(text) ? headerFormatProblem(text) : 'at most 4096 characters without control characters',
};

/** An `authority` to send: a host, optionally with a port. */
export const authority: StringFormat = {
  name: 'authority',
  check: (text) =>
    isHeaderText(text) && text.length > 0 && text.length <= 255 && !/[\s/?#@\\]/.test(text)
      ? undefined
      : 'a host such as example.com, optionally with a port',
};
