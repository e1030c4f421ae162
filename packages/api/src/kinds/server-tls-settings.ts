import { certificateHash, cipherSuite, ecdhCurve, publicKeyHash } from '../formats/tls-names.ts';
import { array, boolean, type Infer, object, pending, type ReportProblem, string } from '../schema.ts';

const versions = ['TLS_AUTO', 'TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3'] as const;

/** Istio `ServerTLSSettings`. */
export const ServerTlsSettings = object(
  {
    httpsRedirect: boolean(),
    mode: string({
      values: ['PASSTHROUGH', 'SIMPLE', 'MUTUAL', 'OPTIONAL_MUTUAL'],
      pendingValues: ['AUTO_PASSTHROUGH', 'ISTIO_MUTUAL'],
      doc: 'PASSTHROUGH if absent.',
    }),
    serverCertificate: string({ emptyIsAbsent: true }),
    privateKey: string({ emptyIsAbsent: true }),
    caCertificates: string({ emptyIsAbsent: true }),
    caCrl: pending(string({ emptyIsAbsent: true })),
    credentialName: string({ emptyIsAbsent: true }),
    credentialNames: array(string({ minLength: 1 }), { minItems: 1, maxItems: 2 }),
    caCertCredentialName: string({ emptyIsAbsent: true }),
    tlsCertificates: array(
      object({
        serverCertificate: string({ emptyIsAbsent: true }),
        privateKey: string({ emptyIsAbsent: true }),
        caCertificates: pending(string({ emptyIsAbsent: true })),
      }),
      { minItems: 1, maxItems: 2 },
    ),
    subjectAltNames: array(string()),
    verifyCertificateSpki: array(string({ format: publicKeyHash })),
    verifyCertificateHash: array(string({ format: certificateHash })),
    minProtocolVersion: string({ values: versions }),
    maxProtocolVersion: string({ values: versions }),
    cipherSuites: array(string({ format: cipherSuite })),
    ecdhCurves: array(string({ format: ecdhCurve })),
    insecureSkipVerify: boolean(),
  },
  { check: (tls, report) => checkCertificates(tls, report) },
);
export type ServerTlsSettings = Infer<typeof ServerTlsSettings>;

/** One source of certificates, and as many of them as the mode asks for. */
function checkCertificates(tls: ServerTlsSettings, report: ReportProblem): void {
  const named = tls.credentialName !== undefined || tls.credentialNames !== undefined;
  if (tls.mode === 'ISTIO_MUTUAL') {
    for (const field of [
      'serverCertificate',
      'privateKey',
      'caCertificates',
      'tlsCertificates',
      'credentialName',
      'credentialNames',
    ] as const) {
      if (tls[field] !== undefined) {
        report({
          path: [field],
          message: `found ${field} with mode ISTIO_MUTUAL`,
          wanted: 'none: the mesh has its own certificates',
        });
      }
    }
    return;
  }
  const sources = [
    tls.serverCertificate !== undefined && tls.privateKey !== undefined,
    tls.credentialName !== undefined,
    tls.credentialNames !== undefined,
    tls.tlsCertificates !== undefined,
  ].filter(Boolean).length;
  if (sources > 1) {
    report({
      message: 'found several sources of certificates',
      wanted: 'one of credentialName, credentialNames, tlsCertificates, and serverCertificate with privateKey',
    });
  }
  const mutual = tls.mode === 'MUTUAL' || tls.mode === 'OPTIONAL_MUTUAL';
  if (tls.caCrl !== undefined && (tls.credentialName !== undefined || tls.mode === 'SIMPLE')) {
    report({
      path: ['caCrl'],
      message: 'found caCrl with credentialName or mode SIMPLE',
      wanted: 'the list in the credential',
    });
  }
  if ((tls.mode !== 'SIMPLE' && !mutual) || named) return;
  if (mutual && tls.caCertificates === undefined) {
    report({
      path: ['caCertificates'],
      message: `found mode ${tls.mode} without caCertificates`,
      wanted: 'caCertificates or credentialName',
    });
  }
  const pairs = tls.tlsCertificates ?? [tls];
  for (const [index, pair] of pairs.entries()) {
    const path = tls.tlsCertificates === undefined ? [] : ['tlsCertificates', index];
    for (const field of ['serverCertificate', 'privateKey'] as const) {
      if (pair[field] === undefined) {
        report({
          path: [...path, field],
          message: `found mode ${tls.mode} without ${field}`,
          wanted: `${field} or credentialName`,
        });
      }
    }
  }
}
