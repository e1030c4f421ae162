import type { StringFormat } from '../schema.ts';

/** DNS label as Kubernetes names want it (RFC 1123, lower case). */
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
/** DNS label as Istio's hosts want it: upper case too. */
const HOST_LABEL = /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/;
/** First label of an Istio host: a wildcard, a label, or a wildcard followed by a label. */
const WILDCARD_LABEL = /^(?:\*|(?:\*-?)?[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)$/;

const MAX_LABEL = 63;
const MAX_NAME = 253;

/** RFC 1123 label: what namespaces, subsets, gateways and port names are called. */
export function isDnsLabel(text: string): boolean {
  return text.length <= MAX_LABEL && DNS_LABEL.test(text);
}

/** RFC 1123 subdomain: what most Kubernetes objects are called. */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= MAX_NAME && text.split('.').every((label) => DNS_LABEL.test(label));
}

function isHostLabel(text: string): boolean {
  return text.length <= MAX_LABEL && HOST_LABEL.test(text);
}

/**
 * A fully or partly qualified DNS name without wildcards whose last label is no number; a trailing dot is allowed (Istio's
 * `ValidateFQDN`).
 */
export function isHostName(text: string): boolean {
  if (text.length === 0 || text.length > 255) return false;
  const labels = text.split('.');
  if (labels.length > 1 && labels.at(-1) === '') labels.pop();
  return labels.every(isHostLabel) && !/^\d+$/.test(labels.at(-1) ?? '');
}

/** A DNS name whose first label may be `*` or begin with it; wildcards elsewhere are refused (Istio's `ValidateWildcardDomain`). */
export function isWildcardHostName(text: string): boolean {
  if (text.length === 0 || text.length > 255) return false;
  const dot = text.indexOf('.');
  const first = dot === -1 ? text : text.slice(0, dot);
  if (first.length > MAX_LABEL || !WILDCARD_LABEL.test(first)) return false;
  return dot === -1 || dot === text.length - 1 || isHostName(text.slice(dot + 1));
}

/** RFC 1123 label. */
export const dnsLabel: StringFormat = {
  name: 'dns-label',
  check: (text) =>
    isDnsLabel(text)
      ? undefined
      : 'a DNS label: at most 63 lower-case letters, digits and "-", beginning and ending with a letter or digit',
  jsonSchema: { pattern: DNS_LABEL.source, maxLength: MAX_LABEL },
};

/** Port and subset names as Istio reads them: a DNS label in any case. */
export const hostLabel: StringFormat = {
  name: 'host-label',
  check: (text) =>
    isHostLabel(text)
      ? undefined
      : 'a DNS label: at most 63 letters, digits and "-", beginning and ending with a letter or digit',
  jsonSchema: { pattern: HOST_LABEL.source, maxLength: MAX_LABEL },
};

/** RFC 1035 label, which Services are named by: like a DNS label, but it begins with a letter. */
export const dns1035Label: StringFormat = {
  name: 'dns-1035-label',
  check: (text) =>
    isDnsLabel(text) && /^[a-z]/.test(text)
      ? undefined
      : 'a DNS label that begins with a letter: at most 63 lower-case letters, digits and "-"',
  jsonSchema: { pattern: '^[a-z](?:[-a-z0-9]*[a-z0-9])?$', maxLength: MAX_LABEL },
};

/** RFC 1123 subdomain. */
export const dnsSubdomain: StringFormat = {
  name: 'dns-subdomain',
  check: (text) =>
    isDnsSubdomain(text)
      ? undefined
      : 'a DNS name: at most 253 lower-case letters, digits, "-" and ".", each part beginning and ending with a letter or digit',
  jsonSchema: {
    pattern: '^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$',
    maxLength: MAX_NAME,
  },
};
