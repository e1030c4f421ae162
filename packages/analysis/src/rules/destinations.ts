import type { Destination } from '@heddle/api';
import type { FieldPath } from '@heddle/model';
import type { MeshIndex, VirtualService } from '../mesh-index.ts';

/** A destination with its place. */
export interface PlacedDestination {
  readonly virtualService: VirtualService;
  readonly destination: Destination;
  readonly path: FieldPath;
}

/** Every destination that VirtualServices name: of HTTP, TLS and TCP rules, and of mirrors. */
export function* destinationsOf(mesh: MeshIndex): Generator<PlacedDestination> {
  for (const virtualService of mesh.snapshot.list('VirtualService')) {
    const { http, tls, tcp } = virtualService.spec;
    for (const [index, rule] of (http ?? []).entries()) {
      const path = ['spec', 'http', index];
      yield* legs(virtualService, rule.route, [...path, 'route']);
      if (rule.mirror !== undefined) yield { virtualService, destination: rule.mirror, path: [...path, 'mirror'] };
      yield* legs(virtualService, rule.mirrors, [...path, 'mirrors']);
    }
    for (const [index, rule] of (tls ?? []).entries()) {
      yield* legs(virtualService, rule.route, ['spec', 'tls', index, 'route']);
    }
    for (const [index, rule] of (tcp ?? []).entries()) {
      yield* legs(virtualService, rule.route, ['spec', 'tcp', index, 'route']);
    }
  }
}

function* legs(
  virtualService: VirtualService,
  route: readonly { readonly destination: Destination }[] | undefined,
  path: FieldPath,
): Generator<PlacedDestination> {
  for (const [index, { destination }] of (route ?? []).entries()) {
    yield { virtualService, destination, path: [...path, index, 'destination'] };
  }
}
