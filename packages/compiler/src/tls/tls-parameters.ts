import type { MessageInitShape } from '@bufbuild/protobuf';
import { isCipherSuite, isEcdhCurve } from '@heddle/api';
import { TlsParameters_TlsProtocol, type TlsParametersSchema } from '@heddle/envoy-api/tls';
import type { ServerTls } from '../mesh-objects.ts';

type Version = NonNullable<ServerTls['minProtocolVersion']>;

const VERSIONS: Readonly<Record<Version, TlsParameters_TlsProtocol>> = {
  TLS_AUTO: TlsParameters_TlsProtocol.TLS_AUTO,
  TLSV1_0: TlsParameters_TlsProtocol.TLSv1_0,
  TLSV1_1: TlsParameters_TlsProtocol.TLSv1_1,
  TLSV1_2: TlsParameters_TlsProtocol.TLSv1_2,
  TLSV1_3: TlsParameters_TlsProtocol.TLSv1_3,
};

/** `tls_params` of a server; undefined where it asks for nothing. Names that proxies do not know are left out: they would refuse all. */
export function tlsParameters(tls: ServerTls): MessageInitShape<typeof TlsParametersSchema> | undefined {
  const cipherSuites = [...new Set((tls.cipherSuites ?? []).filter(isCipherSuite))];
  const ecdhCurves = [...new Set((tls.ecdhCurves ?? []).filter(isEcdhCurve))];
  const { minProtocolVersion = 'TLS_AUTO', maxProtocolVersion = 'TLS_AUTO' } = tls;
  const asked =
    cipherSuites.length + ecdhCurves.length > 0 ||
    minProtocolVersion !== 'TLS_AUTO' ||
    maxProtocolVersion !== 'TLS_AUTO';
  if (!asked) return undefined;
  return {
    tlsMinimumProtocolVersion: VERSIONS[minProtocolVersion],
    tlsMaximumProtocolVersion: VERSIONS[maxProtocolVersion],
    cipherSuites,
    ecdhCurves,
  };
}
