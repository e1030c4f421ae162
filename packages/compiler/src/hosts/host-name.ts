// How hosts and Gateways are named belongs to the shared words; the compiler's own files find it here.
export {
  type ClusterDomain,
  fullGatewayName,
  fullHost,
  hostIsWithin,
  isWildcardHost,
  MESH_GATEWAY,
  narrowerHost,
  serviceHost,
} from '@heddle/model';
