import { ADDRESS_ANNOTATION, type AnyMeshObject, formatRef, MeshSnapshot, refOf } from '@heddle/model';

/** A snapshot in which every workload runs. */
export interface AssumedWorkloads {
  readonly snapshot: MeshSnapshot;
  /** Those that run nowhere as far as the objects say: they were given addresses. */
  readonly assumed: readonly string[];
}

/**
 * Gives an address to each Pod and Deployment of which the objects do not say where it runs, so that manifests can be looked at as if they
 * were applied. Deployments of no replicas and Pods that have ended stay as they are.
 */
export function assumeRunning(snapshot: MeshSnapshot): AssumedWorkloads {
  const assumed: string[] = [];
  // Of a range that is kept for tests of networks (RFC 2544): nobody's real address is mistaken for it.
  const nextAddress = (): string => {
    const number = assumed.length + 1;
    return `198.18.${(number >> 8) & 255}.${number & 255}`;
  };
  const objects = [...snapshot.objects()].map((sourced) => {
    const object = withAddress(sourced.object, nextAddress);
    if (object === undefined) return sourced;
    assumed.push(formatRef(refOf(object)));
    return { ...sourced, object };
  });
  if (assumed.length === 0) return { snapshot, assumed };
  const running = MeshSnapshot.of(objects, { diagnostics: snapshot.diagnostics });
  return { snapshot: running.withPluginModules(snapshot.pluginModules), assumed };
}

/** The object with an address; undefined if it has one, or is none that runs. */
function withAddress(object: AnyMeshObject, nextAddress: () => string): AnyMeshObject | undefined {
  if (object.kind === 'Pod') {
    const { metadata, status } = object;
    const known = metadata.annotations?.[ADDRESS_ANNOTATION] ?? status?.podIP;
    if (known !== undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined;
    const annotations = { ...metadata.annotations, [ADDRESS_ANNOTATION]: nextAddress() };
    return { ...object, metadata: { ...metadata, annotations } };
  }
  if (object.kind === 'Deployment') {
    const { spec } = object;
    const { metadata } = spec.template;
    if (metadata?.annotations?.[ADDRESS_ANNOTATION] !== undefined || spec.replicas === 0) return undefined;
    const annotations = { ...metadata?.annotations, [ADDRESS_ANNOTATION]: nextAddress() };
    return { ...object, spec: { ...spec, template: { ...spec.template, metadata: { ...metadata, annotations } } } };
  }
  return undefined;
}
