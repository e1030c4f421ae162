/**
 * Listeners, filter chains and their matches.
 *
 * @module
 */

export {
  type ApiListener,
  ApiListenerSchema,
} from '../gen/envoy/config/listener/v3/api_listener_pb.js';
export {
  type Filter,
  type FilterChain,
  type FilterChain_OnDemandConfiguration,
  FilterChain_OnDemandConfigurationSchema,
  type FilterChainMatch,
  FilterChainMatch_ConnectionSourceType,
  FilterChainMatch_ConnectionSourceTypeSchema,
  FilterChainMatchSchema,
  FilterChainSchema,
  FilterSchema,
  type ListenerFilter,
  type ListenerFilterChainMatchPredicate,
  type ListenerFilterChainMatchPredicate_MatchSet,
  ListenerFilterChainMatchPredicate_MatchSetSchema,
  ListenerFilterChainMatchPredicateSchema,
  ListenerFilterSchema,
} from '../gen/envoy/config/listener/v3/listener_components_pb.js';
export {
  type AdditionalAddress,
  AdditionalAddressSchema,
  type Listener,
  type Listener_ConnectionBalanceConfig,
  type Listener_ConnectionBalanceConfig_CpuLocalityBalance,
  Listener_ConnectionBalanceConfig_CpuLocalityBalanceSchema,
  type Listener_ConnectionBalanceConfig_ExactBalance,
  Listener_ConnectionBalanceConfig_ExactBalanceSchema,
  Listener_ConnectionBalanceConfigSchema,
  type Listener_DeprecatedV1,
  Listener_DeprecatedV1Schema,
  Listener_DrainType,
  Listener_DrainTypeSchema,
  type Listener_FcdsConfig,
  Listener_FcdsConfigSchema,
  type Listener_InternalListenerConfig,
  Listener_InternalListenerConfigSchema,
  ListenerSchema,
} from '../gen/envoy/config/listener/v3/listener_pb.js';
export {
  type QuicProtocolOptions,
  QuicProtocolOptionsSchema,
} from '../gen/envoy/config/listener/v3/quic_config_pb.js';
export {
  type UdpListenerConfig,
  UdpListenerConfigSchema,
} from '../gen/envoy/config/listener/v3/udp_listener_config_pb.js';
