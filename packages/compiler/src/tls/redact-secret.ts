import { REDACTED } from '@heddle/api';
import type { DataSource } from '@heddle/envoy-api/core';
import type { Secret } from '@heddle/envoy-api/tls';

/** Replaces every value of a secret, certificates too, in place; names of files stay. */
export function redactSecret(secret: Secret): void {
  switch (secret.type.case) {
    case 'tlsCertificate': {
      const { certificateChain, privateKey, password, ocspStaple } = secret.type.value;
      for (const source of [certificateChain, privateKey, password, ocspStaple]) redact(source);
      return;
    }
    case 'validationContext':
      redact(secret.type.value.trustedCa);
      redact(secret.type.value.crl);
      return;
    default:
      // Nothing else is compiled; what might be, is not shown.
      if (secret.type.case !== undefined) secret.type = { case: undefined };
  }
}

function redact(source: DataSource | undefined): void {
  if (source?.specifier.case === 'inlineBytes' || source?.specifier.case === 'inlineString')
    source.specifier = { case: 'inlineString', value: REDACTED };
}
