import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import type { TransportSocketSchema } from '@heddle/envoy-api/core';
import {
  CertificateValidationContext_TrustChainVerification,
  type CommonTlsContext,
  type CommonTlsContextSchema,
  DownstreamTlsContextSchema,
} from '@heddle/envoy-api/tls';
import type { ServerTls } from '../mesh-objects.ts';
import { secretReference } from './secret-reference.ts';
import { subjectAltNameMatchers } from './subject-alt-names.ts';
import { tlsParameters } from './tls-parameters.ts';

/** The names of the secrets that a server's TLS needs. */
export interface ServerSecrets {
  readonly certificates: readonly string[];
  /** Whom clients' certificates must come from; absent where none are asked for. */
  readonly trustedCa?: string;
}

/** HTTP/2 first, as Istio offers it to clients. */
const HTTP_PROTOCOLS = ['h2', 'http/1.1'];

/** The TLS of a server that ends it (Istio's `BuildListenerTLSContext`); `speaksHttp` says what to offer in ALPN. */
export function downstreamTls(
  tls: ServerTls,
  secrets: ServerSecrets,
  speaksHttp: boolean,
): MessageInitShape<typeof TransportSocketSchema> {
  const parameters = tlsParameters(tls);
  const context = create(DownstreamTlsContextSchema, {
    commonTlsContext: {
      ...(parameters === undefined ? {} : { tlsParams: parameters }),
      alpnProtocols: speaksHttp ? HTTP_PROTOCOLS : [],
      tlsCertificateSdsSecretConfigs: secrets.certificates.map(secretReference),
      ...(secrets.trustedCa === undefined ? {} : clientValidation(tls, secrets.trustedCa)),
    },
    requireClientCertificate: tls.mode === 'MUTUAL',
  });
  return {
    name: 'envoy.transport_sockets.tls',
    configType: { case: 'typedConfig', value: anyPack(DownstreamTlsContextSchema, context) },
  };
}

type CommonFields = Exclude<MessageInitShape<typeof CommonTlsContextSchema>, CommonTlsContext>;

function clientValidation(tls: ServerTls, trustedCa: string): CommonFields {
  return {
    validationContextType: {
      case: 'combinedValidationContext',
      value: {
        defaultValidationContext: {
          matchTypedSubjectAltNames: subjectAltNameMatchers(tls.subjectAltNames ?? []),
          verifyCertificateSpki: [...(tls.verifyCertificateSpki ?? [])],
          verifyCertificateHash: [...(tls.verifyCertificateHash ?? [])],
          ...(tls.insecureSkipVerify === true
            ? { trustChainVerification: CertificateValidationContext_TrustChainVerification.ACCEPT_UNTRUSTED }
            : {}),
        },
        validationContextSdsSecretConfig: secretReference(trustedCa),
      },
    },
  };
}
