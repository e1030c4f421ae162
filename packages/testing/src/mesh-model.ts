import type { XdsResource } from '@heddle/model';
import fc from 'fast-check';
import { cluster, endpoints, listener, routes } from './mesh-resources.ts';

/** The clusters that a {@link SmallMesh} may have; each has endpoints of the same name. */
export const MESH_CLUSTERS: readonly string[] = ['a', 'b', 'c'];

/** The route configurations that a {@link SmallMesh} may have. */
export const MESH_ROUTES: readonly string[] = ['r', 's'];

/**
 * A mesh small enough that random changes of it often concern each other: for each cluster and route its variant, or undefined if it
 * is not there.
 */
export interface SmallMesh {
  readonly clusters: Readonly<Record<string, { readonly variant: number; readonly ports: number } | undefined>>;
  readonly routes: Readonly<Record<string, readonly string[] | undefined>>;
  /** Ports of listeners. */
  readonly listeners: readonly number[];
}

/** Any small mesh. */
export const arbitrarySmallMesh: fc.Arbitrary<SmallMesh> = fc.record({
  clusters: fc.record(
    Object.fromEntries(
      MESH_CLUSTERS.map((name) => [
        name,
        fc.option(fc.record({ variant: fc.integer({ min: 1, max: 2 }), ports: fc.integer({ min: 0, max: 1 }) }), {
          nil: undefined,
        }),
      ]),
    ),
  ),
  routes: fc.record(
    Object.fromEntries(
      MESH_ROUTES.map((name) => [name, fc.option(fc.subarray([...MESH_CLUSTERS]), { nil: undefined })]),
    ),
  ),
  listeners: fc.subarray([8080, 8081]),
});

/** What a control plane would compile for the mesh. */
export function smallMeshResources(mesh: SmallMesh): XdsResource[] {
  const there = MESH_CLUSTERS.filter((name) => mesh.clusters[name] !== undefined);
  return [
    ...there.map((name) => cluster(name, BigInt(mesh.clusters[name]?.variant ?? 1))),
    ...there.map((name) => endpoints(name, [1 + (mesh.clusters[name]?.ports ?? 0)])),
    ...mesh.listeners.map((port) => listener(`l${port % 2}`, port, MESH_ROUTES[port % 2] as string)),
    ...MESH_ROUTES.filter((name) => mesh.routes[name] !== undefined).map((name) =>
      // A compiled route names clusters that exist.
      routes(
        name,
        Object.fromEntries((mesh.routes[name] ?? []).filter((to) => there.includes(to)).map((to) => [`/${to}`, to])),
      ),
    ),
  ];
}
