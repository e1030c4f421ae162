import type { JsonObject } from '@bufbuild/protobuf';
import type { ResourceRef } from '@heddle/model';

/**
 * The `istio` metadata by which istioctl and Kiali name the object behind a route or cluster:
 * `/apis/networking.istio.io/v1/namespaces/NAMESPACE/virtual-service/NAME`. Always `v1`: the version an object was written in changes
 * nothing.
 */
export function configMetadata(ref: ResourceRef, more: JsonObject = {}): { filterMetadata: { istio: JsonObject } } {
  const kind = ref.kind.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
  const config = `/apis/networking.istio.io/v1/namespaces/${ref.namespace}/${kind}/${ref.name}`;
  return { filterMetadata: { istio: { config, ...more } } };
}
