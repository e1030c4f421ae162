import { fromBinary } from '@bufbuild/protobuf';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  EXTENSION_CONFIG_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
} from '@heddle/envoy-api';
import { type Cluster, ClusterSchema } from '@heddle/envoy-api/cluster';
import { type TypedExtensionConfig, TypedExtensionConfigSchema } from '@heddle/envoy-api/core';
import { type ClusterLoadAssignment, ClusterLoadAssignmentSchema } from '@heddle/envoy-api/endpoint';
import { type Listener, ListenerSchema } from '@heddle/envoy-api/listener';
import { type RouteConfiguration, RouteConfigurationSchema } from '@heddle/envoy-api/route';
import { type CompiledView, formatFieldPath, type Origin, type Provenance, type SourceRange } from '@heddle/model';
import type { Place } from './explanation.ts';

/** Finds where an origin stands in a file: `MeshSnapshot.locate`. */
export type LocateOrigin = (origin: Origin) => SourceRange | undefined;

/** The phase and the priority of the WasmPlugin of a namespace and name; undefined for one that is not known. */
export type PluginOrder = (
  namespace: string,
  name: string,
) => { readonly phase?: string | undefined; readonly priority?: number | undefined } | undefined;

/** What one proxy was compiled to, decoded as far as it is asked for. */
export class Configuration {
  readonly #compiled: CompiledView;
  readonly #locate: LocateOrigin;
  readonly pluginOrder: PluginOrder;
  /** Provenance is put together when it is asked for: once for each resource is enough. */
  readonly #origins = new Map<string, Provenance | undefined>();

  constructor(compiled: CompiledView, locate: LocateOrigin, pluginOrder: PluginOrder = () => undefined) {
    this.#compiled = compiled;
    this.pluginOrder = pluginOrder;
    this.#locate = locate;
  }

  listenerNames(): readonly string[] {
    return [...(this.#compiled.resources.get(LISTENER_TYPE_URL)?.keys() ?? [])];
  }

  listener(name: string): Listener | undefined {
    const bytes = this.#bytes(LISTENER_TYPE_URL, name);
    return bytes === undefined ? undefined : fromBinary(ListenerSchema, bytes);
  }

  routes(name: string): RouteConfiguration | undefined {
    const bytes = this.#bytes(ROUTE_CONFIGURATION_TYPE_URL, name);
    return bytes === undefined ? undefined : fromBinary(RouteConfigurationSchema, bytes);
  }

  cluster(name: string): Cluster | undefined {
    const bytes = this.#bytes(CLUSTER_TYPE_URL, name);
    return bytes === undefined ? undefined : fromBinary(ClusterSchema, bytes);
  }

  loadAssignment(name: string): ClusterLoadAssignment | undefined {
    const bytes = this.#bytes(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, name);
    return bytes === undefined ? undefined : fromBinary(ClusterLoadAssignmentSchema, bytes);
  }

  extension(name: string): TypedExtensionConfig | undefined {
    const bytes = this.#bytes(EXTENSION_CONFIG_TYPE_URL, name);
    return bytes === undefined ? undefined : fromBinary(TypedExtensionConfigSchema, bytes);
  }

  /** What made a part of a resource: of the path itself, or of the nearest part around it that has an origin. */
  place(typeUrl: string, name: string, path = ''): Place | undefined {
    const origins = this.#provenance(typeUrl, name);
    if (origins === undefined) return undefined;
    for (let part: string | undefined = path; part !== undefined; part = enclosing(part)) {
      const origin = origins.get(part);
      if (origin !== undefined) return this.placeOf(origin);
    }
    return undefined;
  }

  /** As {@link place}, for exactly this path. */
  exactPlace(typeUrl: string, name: string, path: string): Place | undefined {
    const origin = this.#provenance(typeUrl, name)?.get(path);
    return origin === undefined ? undefined : this.placeOf(origin);
  }

  placeOf(origin: Origin): Place {
    const range = this.#locate(origin);
    return {
      object: origin.resource,
      field: formatFieldPath(origin.path),
      ...(range === undefined ? {} : { file: range.file, line: range.start.line, column: range.start.column }),
    };
  }

  #provenance(typeUrl: string, name: string): Provenance | undefined {
    const key = `${typeUrl} ${name}`;
    if (!this.#origins.has(key)) this.#origins.set(key, this.#compiled.provenance(typeUrl, name));
    return this.#origins.get(key);
  }

  #bytes(typeUrl: string, name: string): Uint8Array | undefined {
    return this.#compiled.resources.get(typeUrl)?.get(name)?.bytes;
  }
}

/** `a.b[1]` → `a.b` → `a` → the whole resource, which has the empty path → nothing. */
function enclosing(path: string): string | undefined {
  if (path === '') return undefined;
  const cut = Math.max(path.lastIndexOf('.'), path.endsWith(']') ? path.lastIndexOf('[') : -1);
  return cut < 0 ? '' : path.slice(0, cut);
}
