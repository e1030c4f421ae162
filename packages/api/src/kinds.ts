import type { KindDeclaration, MeshObject } from './kind.ts';
import { Deployment } from './kinds/deployment.ts';
import { DestinationRule } from './kinds/destination-rule.ts';
import { Gateway } from './kinds/gateway.ts';
import { MeshConfig } from './kinds/mesh-config.ts';
import { Namespace } from './kinds/namespace.ts';
import { Pod } from './kinds/pod.ts';
import { Secret } from './kinds/secret.ts';
import { Service } from './kinds/service.ts';
import { ServiceEntry } from './kinds/service-entry.ts';
import { Sidecar } from './kinds/sidecar.ts';
import { VirtualService } from './kinds/virtual-service.ts';
import { WasmPlugin } from './kinds/wasm-plugin.ts';

/** Every kind that Heddle declares, by name. */
export const kinds = {
  Namespace,
  Pod,
  Deployment,
  Service,
  Gateway,
  VirtualService,
  DestinationRule,
  ServiceEntry,
  Sidecar,
  Secret,
  WasmPlugin,
  MeshConfig,
} as const;

export type KindName = keyof typeof kinds;
/** The object type of a declared kind: `ObjectOf<'Gateway'>`. */
export type ObjectOf<K extends KindName> =
  (typeof kinds)[K] extends KindDeclaration<infer Name, infer Spec, infer Status>
    ? MeshObject<Name, Spec, Status>
    : never;
