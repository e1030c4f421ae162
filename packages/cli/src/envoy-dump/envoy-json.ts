import type { JsonValue } from '@bufbuild/protobuf';

/**
 * A field of a message in protobuf JSON. Envoy's admin interface writes names as in the .proto files, everybody else in lowerCamelCase:
 * `name` is the latter, both are understood.
 */
export function field(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return undefined;
    found = found[name] ?? found[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
  }
  return found;
}

/** A repeated field; empty if it is not there. */
export function list(value: JsonValue | undefined, ...path: readonly string[]): readonly JsonValue[] {
  const found = field(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** A repeated string field; what is no string in it is left out. */
export function texts(value: JsonValue | undefined, ...path: readonly string[]): readonly string[] {
  return list(value, ...path).filter((each) => typeof each === 'string');
}

/** A string or number field as text; empty if it is not there. */
export function text(value: JsonValue | undefined, ...path: readonly string[]): string {
  const found = field(value, ...path);
  return typeof found === 'string' || typeof found === 'number' ? String(found) : '';
}

/** The last part of a message's `@type`: `HttpConnectionManager`. */
export function typeName(value: JsonValue | undefined): string {
  return text(value, '@type').split('.').at(-1) ?? '';
}

/**
 * `NAME.NAMESPACE` of the object of a kind that `metadata` names as the origin, by Istio's convention
 * (`/apis/…/namespaces/NAMESPACE/KIND/NAME`); empty if it names none of that kind.
 */
export function originOf(resource: JsonValue, kind: string): string {
  const config = text(resource, 'metadata', 'filterMetadata', 'istio', 'config');
  const [, namespace, found, name] = /\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(config) ?? [];
  return found === kind ? `${name}.${namespace}` : '';
}
