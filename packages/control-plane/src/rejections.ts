import type { StreamStatus } from '@heddle/discovery';
import {
  type Diagnostic,
  diagnostic,
  type FieldPath,
  formatFieldPath,
  formatPosition,
  formatRef,
  type ResourceRef,
  type SourceRange,
} from '@heddle/model';

/** The object and field that made an xDS resource, and where they stand in a file, if they were read from one. */
export interface ResourceOrigin {
  readonly resource: ResourceRef;
  readonly path: FieldPath;
  readonly range?: SourceRange;
}

/**
 * Finds what made a resource of a view, or the part of it that a refusal blames; undefined for what no object made, or no longer makes.
 */
export type FindOrigin = (
  viewKey: string | undefined,
  typeUrl: string,
  resourceName: string,
  message: string,
) => ResourceOrigin | undefined;

/** An xDS resource that a proxy refused, with what made it. */
export interface Rejection {
  readonly typeUrl: string;
  /** `CDS` and so on. */
  readonly label: string;
  readonly name: string;
  /** The proxy's words. */
  readonly message: string;
  readonly origin?: ResourceOrigin;
}

/** What one proxy refused and still goes without. */
export function rejectionsOf(stream: StreamStatus, findOrigin: FindOrigin): readonly Rejection[] {
  return stream.types.flatMap(({ typeUrl, label, rejected }) =>
    rejected.map(({ name, message }) => {
      const origin = findOrigin(stream.viewKey, typeUrl, name, message);
      return { typeUrl, label, name, message, ...(origin === undefined ? {} : { origin }) };
    }),
  );
}

/** HED302 for what a proxy refused. */
export function rejectionDiagnostic(proxy: string, { label, name, message, origin }: Rejection): Diagnostic {
  return diagnostic('HED302', {
    ...(origin === undefined ? {} : { resource: origin.resource, path: origin.path }),
    ...(origin?.range === undefined ? {} : { range: origin.range }),
    message: `${proxy} rejected ${label} "${name}": ${message}`,
    effect: 'the proxy goes on with the last version it accepted',
  });
}

/** `VirtualService shop/cart at spec.http[0], mesh/cart.yaml:12:5`, leaving out what is not known. */
export function formatOrigin({ resource, path, range }: ResourceOrigin): string {
  const field = formatFieldPath(path);
  const object = `${formatRef(resource)}${field === '' ? '' : ` at ${field}`}`;
  return range === undefined ? object : `${object}, ${formatPosition(range)}`;
}
