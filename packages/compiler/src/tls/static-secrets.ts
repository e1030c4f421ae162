import { anyIs, anyPack, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { TransportSocket } from '@heddle/envoy-api/core';
import { type CommonTlsContext, DownstreamTlsContextSchema, UpstreamTlsContextSchema } from '@heddle/envoy-api/tls';

/** Makes a transport socket take its secrets from those that stand in the same static configuration: by name alone. In place. */
export function useStaticSecrets(socket: TransportSocket | undefined): void {
  if (socket?.configType.case !== 'typedConfig') return;
  for (const schema of [DownstreamTlsContextSchema, UpstreamTlsContextSchema] as const) {
    if (!anyIs(socket.configType.value, schema)) continue;
    const context = anyUnpack(socket.configType.value, schema);
    if (context?.commonTlsContext === undefined) return;
    withoutSources(context.commonTlsContext);
    socket.configType = { case: 'typedConfig', value: anyPack(schema, context as never) };
    return;
  }
}

function withoutSources(context: CommonTlsContext): void {
  for (const reference of context.tlsCertificateSdsSecretConfigs) delete reference.sdsConfig;
  const validation = context.validationContextType;
  if (validation.case === 'validationContextSdsSecretConfig') delete validation.value.sdsConfig;
  if (validation.case === 'combinedValidationContext')
    delete validation.value.validationContextSdsSecretConfig?.sdsConfig;
}
