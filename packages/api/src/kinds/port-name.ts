import type { StringFormat } from '../schema.ts';

/** IANA service name, which container ports are called by (RFC 6335): at most 15 lower-case letters, digits and hyphens, with a letter. */
export const portName: StringFormat = {
  name: 'port-name',
  check: (text) =>
    text.length <= 15 && /^[a-z0-9](?:-?[a-z0-9])*$/.test(text) && /[a-z]/.test(text)
      ? undefined
      : 'a port name of at most 15 lower-case letters, digits and "-", with a letter',
};
