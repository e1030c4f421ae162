/**
 * TLS contexts of both sides, certificates, validation and secrets.
 *
 * @module
 */

export {
  type CertificateProviderPluginInstance,
  CertificateProviderPluginInstanceSchema,
  type CertificateValidationContext,
  type CertificateValidationContext_SystemRootCerts,
  CertificateValidationContext_SystemRootCertsSchema,
  CertificateValidationContext_TrustChainVerification,
  CertificateValidationContext_TrustChainVerificationSchema,
  CertificateValidationContextSchema,
  type PrivateKeyProvider,
  PrivateKeyProviderSchema,
  type SubjectAltNameMatcher,
  SubjectAltNameMatcher_SanType,
  SubjectAltNameMatcher_SanTypeSchema,
  SubjectAltNameMatcherSchema,
  type TlsCertificate,
  TlsCertificateSchema,
  type TlsParameters,
  TlsParameters_CompliancePolicy,
  TlsParameters_CompliancePolicySchema,
  TlsParameters_TlsProtocol,
  TlsParameters_TlsProtocolSchema,
  TlsParametersSchema,
  type TlsSessionTicketKeys,
  TlsSessionTicketKeysSchema,
} from '../gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
export {
  type GenericSecret,
  GenericSecretSchema,
  type SdsSecretConfig,
  SdsSecretConfigSchema,
  type Secret,
  SecretSchema,
} from '../gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
export {
  type CommonTlsContext,
  type CommonTlsContext_CertificateProvider,
  type CommonTlsContext_CertificateProviderInstance,
  CommonTlsContext_CertificateProviderInstanceSchema,
  CommonTlsContext_CertificateProviderSchema,
  type CommonTlsContext_CombinedCertificateValidationContext,
  CommonTlsContext_CombinedCertificateValidationContextSchema,
  CommonTlsContextSchema,
  type DownstreamTlsContext,
  DownstreamTlsContext_OcspStaplePolicy,
  DownstreamTlsContext_OcspStaplePolicySchema,
  DownstreamTlsContextSchema,
  type TlsKeyLog,
  TlsKeyLogSchema,
  type UpstreamTlsContext,
  UpstreamTlsContextSchema,
} from '../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
export {
  type SPIFFECertValidatorConfig,
  type SPIFFECertValidatorConfig_TrustDomain,
  SPIFFECertValidatorConfig_TrustDomainSchema,
  SPIFFECertValidatorConfigSchema,
} from '../gen/envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config_pb.js';
