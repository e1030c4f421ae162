import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import type { TransportSocketSchema } from '@heddle/envoy-api/core';
import {
  type CommonTlsContext,
  type CommonTlsContextSchema,
  TlsParameters_TlsProtocol,
  UpstreamTlsContextSchema,
} from '@heddle/envoy-api/tls';
import type { ClientTls } from '../mesh-objects.ts';
import { secretReference } from './secret-reference.ts';
import {
  credentialSecretName,
  fileCaName,
  filePairName,
  SYSTEM_CA_NAME,
  trustedCaSecretName,
} from './secret-resource.ts';
import { subjectAltNameMatchers } from './subject-alt-names.ts';

/** Whether endpoints are spoken to over TLS. */
export function wantsTls(tls: ClientTls | undefined): tls is ClientTls {
  return tls?.mode === 'SIMPLE' || tls?.mode === 'MUTUAL';
}

/** What the names in TLS are taken from requests for, where no setting gives them (Istio's `setAutoSniAndAutoSanValidation`). */
export interface AutomaticNames {
  readonly autoSni: boolean;
  readonly autoSanValidation: boolean;
}

export function automaticNames(tls: ClientTls): AutomaticNames {
  const autoSni = (tls.sni ?? '') === '';
  const named = (tls.subjectAltNames?.length ?? 0) > 0;
  return { autoSni, autoSanValidation: autoSni && !named && tls.insecureSkipVerify !== true };
}

/**
 * The TLS to endpoints (Istio's `constructUpstreamTLS`); `names` are those that a ServiceEntry expects of them. Secrets are named whether
 * they exist or not: without them connections fail, rather than go on unprotected.
 */
export function upstreamTls(
  tls: ClientTls,
  names: readonly string[],
  http2: boolean,
): MessageInitShape<typeof TransportSocketSchema> {
  const { clientCertificate = '', privateKey = '', credentialName } = tls;
  const pair =
    credentialName === undefined ? filePairName(clientCertificate, privateKey) : credentialSecretName(credentialName);
  const context = create(UpstreamTlsContextSchema, {
    sni: tls.sni ?? '',
    commonTlsContext: {
      tlsParams: {
        tlsMinimumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_2,
        tlsMaximumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_3,
      },
      alpnProtocols: http2 ? ['h2'] : [],
      tlsCertificateSdsSecretConfigs: tls.mode === 'MUTUAL' ? [secretReference(pair)] : [],
      ...serverValidation(tls, names),
    },
  });
  return {
    name: 'envoy.transport_sockets.tls',
    configType: { case: 'typedConfig', value: anyPack(UpstreamTlsContextSchema, context) },
  };
}

type CommonFields = Exclude<MessageInitShape<typeof CommonTlsContextSchema>, CommonTlsContext>;

function serverValidation(tls: ClientTls, names: readonly string[]): CommonFields {
  if (tls.insecureSkipVerify === true) return {};
  const wanted = (tls.subjectAltNames?.length ?? 0) > 0 ? (tls.subjectAltNames ?? []) : names;
  const { caCertificates, credentialName } = tls;
  const ca =
    credentialName !== undefined
      ? trustedCaSecretName(credentialName)
      : caCertificates === undefined
        ? SYSTEM_CA_NAME
        : fileCaName(caCertificates);
  return {
    validationContextType: {
      case: 'combinedValidationContext',
      value: {
        defaultValidationContext: { matchTypedSubjectAltNames: subjectAltNameMatchers(wanted) },
        validationContextSdsSecretConfig: secretReference(ca),
      },
    },
  };
}
