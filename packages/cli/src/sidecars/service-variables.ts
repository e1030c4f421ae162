import type { MeshSnapshot } from '@heddle/model';

/**
 * The variables by which Kubernetes tells a container where the services of its namespace are
 * (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables): `RATINGS_SERVICE_HOST`,
 * `RATINGS_SERVICE_PORT` and `RATINGS_SERVICE_PORT_GRPC`, here with the addresses of the sidecar's listeners. Headless services have none.
 *
 * @param boundPort where the sidecar's listener of a service port is bound
 */
export function serviceVariables(
  snapshot: MeshSnapshot,
  namespace: string,
  address: string,
  boundPort: (servicePort: number) => number | undefined,
): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const { metadata, spec } of snapshot.inNamespace('Service', namespace)) {
    if (spec.clusterIP === 'None') continue;
    const prefix = variableName(metadata.name ?? '');
    for (const { name, port } of spec.ports ?? []) {
      const bound = boundPort(port);
      if (bound === undefined) continue;
      variables[`${prefix}_SERVICE_HOST`] ??= address;
      variables[`${prefix}_SERVICE_PORT`] ??= String(bound);
      if (name !== undefined) variables[`${prefix}_SERVICE_PORT_${variableName(name)}`] = String(bound);
    }
  }
  return variables;
}

function variableName(text: string): string {
  return text.toUpperCase().replaceAll('-', '_');
}
