/**
 * Text from elsewhere (a proxy's error message, names in a dump) as it may be shown on a terminal: one line, without control characters,
 * which could move the cursor, colour the rest, turn its direction or forge lines.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Control}\p{Bidi_Control}\u2028\u2029]/gu, (character) =>
    character === '\n' ? '\\n' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const SECRETS: readonly RegExp[] = [
  /-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|$)/g,
  // JSON Web Tokens: three base64url parts, the first of which is a JSON object.
  /\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g,
  /(?<=\bbearer\s)[\w.~+/-]{8,}=*/gi,
];

/** The text with what looks like a key, a certificate or a token taken out: for logs, which travel far. */
export function withoutSecrets(text: string): string {
  return SECRETS.reduce((rest, secret) => rest.replace(secret, '[redacted]'), text);
}
