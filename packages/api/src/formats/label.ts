import type { StringFormat } from '../schema.ts';
import { isDnsSubdomain } from './dns-name.ts';

const NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** Kubernetes qualified name: optional DNS prefix and slash, then at most 63 letters, digits, `-`, `_`, `.`. */
export function isLabelKey(text: string): boolean {
  const slash = text.indexOf('/');
  const name = text.slice(slash + 1);
  if (slash !== -1 && !isDnsSubdomain(text.slice(0, slash).toLowerCase())) return false;
  return name.length <= 63 && NAME.test(name);
}

/** Empty, or at most 63 letters, digits, `-`, `_`, `.`. */
export function isLabelValue(text: string): boolean {
  return text === '' || (text.length <= 63 && NAME.test(text));
}

/** Keys of labels and annotations (Kubernetes "Labels and Selectors", syntax and character set). */
export const labelKey: StringFormat = {
  name: 'label-key',
  check: (text) =>
    isLabelKey(text)
      ? undefined
      : 'a key of at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit, optionally after a DNS name and "/"',
};

/** Keys in the data of Secrets and ConfigMaps. */
export const secretKey: StringFormat = {
  name: 'secret-key',
  check: (text) =>
    /^[-._A-Za-z0-9]{1,253}$/.test(text) ? undefined : 'a key of at most 253 letters, digits, "-", "_" and "."',
};

/** Values of labels. */
export const labelValue: StringFormat = {
  name: 'label-value',
  check: (text) =>
    isLabelValue(text)
      ? undefined
      : 'at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit',
  jsonSchema: { maxLength: 63, pattern: '^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$' },
};
