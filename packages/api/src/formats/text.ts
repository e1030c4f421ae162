import type { StringFormat } from '../schema.ts';

/** Whether the text has no unpaired surrogates, so that it can be UTF-8. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** Text that a protobuf string can carry: Unicode without unpaired surrogates, and without NUL, which no matcher can meet. */
export const plainText: StringFormat = {
  name: 'plain-text',
  check: (text) =>
    !isWellFormed(text) || text.includes('\0') ? 'text without NUL and unpaired surrogates' : undefined,
};

/** Text for a path or a part of one: {@link plainText} without line breaks. */
export const pathText: StringFormat = {
  name: 'path-text',
  check: (text) => (!isWellFormed(text) || /[\0\r\n]/.test(text) ? 'a path without line breaks and NUL' : undefined),
};

/** Kubernetes quantity: `100m`, `1.5`, `64Mi`, `2e3`. */
export const quantity: StringFormat = {
  name: 'quantity',
  check: (text) =>
    text.length <= 64 && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4}|[KMGTPE]i|[numkMGTPE])?$/.test(text)
      ? undefined
      : 'a quantity such as 100m, 1.5 or 64Mi',
};

/** RFC 3339 time. */
export const timestamp: StringFormat = {
  name: 'date-time',
  check: (text) =>
    /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/.test(text) &&
    !Number.isNaN(Date.parse(text))
      ? undefined
      : 'a time such as 2026-01-31T09:30:00Z',
  jsonSchema: { format: 'date-time' },
};

/** Standard base64 with padding: `bytes` of protobuf JSON. */
export const base64: StringFormat = {
  name: 'byte',
  check: (text) => (text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? undefined : 'base64 text'),
  jsonSchema: { format: 'byte' },
};
