import { examinedVersions, unsupportedNames } from './unsupported-names.ts';

/** An Envoy minor version whose API was examined, such as `1.40`. */
export type EnvoyMinorVersion = (typeof examinedVersions)[number];

/** The Envoy minor versions that the types here were checked against, oldest first. */
export const supportedEnvoyVersions: readonly EnvoyMinorVersion[] = examinedVersions;

const cache = new Map<EnvoyMinorVersion, ReadonlySet<string>>();

/**
 * What an Envoy of a given version does not know of the types in this package. In its bootstrap Envoy rejects an unknown field; in
 * what is discovered it ignores it and counts it in `server.dynamic_unknown_fields` (or rejects the resource, when started with
 * `--reject-unknown-dynamic-fields`). So what is named here has no effect or does harm, and must not be sent to that Envoy.
 *
 * Derived from the protobuf descriptors that each Envoy binary embeds. A patch version is accepted and ignored. A version
 * newer than the newest examined one counts as that one: Envoy keeps fields for at least a year. An older one counts as
 * the oldest, which says too little about it; {@link supportedEnvoyVersions} has the floor.
 *
 * @param version `major.minor` or `major.minor.patch`, as Envoy's `node.user_agent_build_version` states it
 * @returns full names: of messages and enums (`envoy.type.tracing.v3.CustomTag.ValueType`; their content is not listed
 *   beside them), of fields (`envoy.config.route.v3.RouteMatch.cookies`), of enum values
 *   (`envoy.config.accesslog.v3.ComparisonFilter.Op.NE`)
 * @throws RangeError when `version` is not a version
 *
 * @example
 * unsupportedFields('1.36.4').has('envoy.config.route.v3.RouteMatch.cookies'); // true
 */
export function unsupportedFields(version: string): ReadonlySet<string> {
  const examined = examinedVersionFor(version);
  let names = cache.get(examined);
  if (names === undefined) {
    names = new Set(
      unsupportedNames.filter((group) => group.versions.includes(examined)).flatMap((group) => group.names),
    );
    cache.set(examined, names);
  }
  return names;
}

function examinedVersionFor(version: string): EnvoyMinorVersion {
  const match = /^(\d+)\.(\d+)(?:\.|$)/.exec(version);
  if (match === null)
    throw new RangeError(`Cannot look up Envoy version "${version}": wanted a version such as "1.40.0"`);
  const wanted = Number(match[1]) * 1000 + Number(match[2]);
  const rank = (examined: string): number => {
    const [major, minor] = examined.split('.');
    return Number(major) * 1000 + Number(minor);
  };
  const found = examinedVersions.findLast((examined) => rank(examined) <= wanted);
  return found ?? examinedVersions[0];
}
