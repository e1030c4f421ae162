import { readFileSync, statSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import type { TlsSettings, TlsSource } from '../tls/tls-settings.ts';

/** Those of TLS 1.3, which cannot be chosen (Envoy, `TlsParameters.cipher_suites`) and which Node takes in the same list. */
const TLS_1_3_SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/**
 * What Node's TLS is made of: keys and certificates, read from files where the settings name some.
 *
 * @throws if a file cannot be read
 */
export function secureContextOptions(settings: TlsSettings): SecureContextOptions {
  const { certificates, validation, minVersion, maxVersion, cipherSuites, ecdhCurves } = settings;
  const isOld = minVersion === 'TLSv1' || minVersion === 'TLSv1.1';
  const ciphers = [...TLS_1_3_SUITES, ...cipherSuites];
  return {
    cert: certificates.map(({ chain }) => contentOf(chain)),
    key: certificates.map(({ key, password }) => ({
      pem: contentOf(key),
      ...(password === undefined ? {} : { passphrase: contentOf(password).toString() }),
    })),
    ...(validation?.trustedCa === undefined ? {} : { ca: contentOf(validation.trustedCa) }),
    ...(validation?.revoked === undefined ? {} : { crl: contentOf(validation.revoked) }),
    minVersion: minVersion ?? 'TLSv1.2',
    maxVersion: maxVersion ?? 'TLSv1.3',
    ...(cipherSuites.length > 0
      ? { ciphers: `${ciphers.join(':')}${isOld ? ':@SECLEVEL=0' : ''}` }
      : isOld
        ? { ciphers: 'DEFAULT:@SECLEVEL=0' }
        : {}),
    ...(ecdhCurves.length === 0 ? {} : { ecdhCurve: ecdhCurves.join(':') }),
  };
}

function contentOf(source: TlsSource): Buffer {
  return 'file' in source ? readFileSync(source.file) : Buffer.from(source.bytes);
}

/** When the files of some settings last changed: the same text as long as none did. */
export function fileVersions({ certificates, validation }: TlsSettings): string {
  const sources = [
    ...certificates.flatMap(({ chain, key }) => [chain, key]),
    validation?.trustedCa,
    validation?.revoked,
  ];
  return sources
    .flatMap((source) => {
      if (source === undefined || !('file' in source)) return [];
      const found = statSync(source.file, { throwIfNoEntry: false });
      return [found === undefined ? 'none' : `${found.ino} ${found.size} ${found.mtimeMs}`];
    })
    .join();
}
