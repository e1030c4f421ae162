import type { Memo } from './memo.ts';
import {
  type DestinationRule,
  namespaceOf,
  type Service,
  type ServiceEntry,
  type VirtualService,
} from './mesh-objects.ts';

/**
 * Who may see an object (`exportTo`). The one place that decides it: every view asks here before it looks at services, routes and
 * rules of other namespaces.
 */

/** An object that says to which namespaces it is exported. */
export type ExportedObject = DestinationRule | Service | ServiceEntry | VirtualService;

/** Whom objects are exported to that do not say it: everybody, their own namespace, or nobody (MeshConfig `default…ExportTo`). */
export type DefaultExport = '*' | '.' | '~';

/** Kubernetes Services say by this annotation what Istio's kinds say in `spec.exportTo`; the targets are joined by commas. */
export const EXPORT_TO_ANNOTATION = 'networking.istio.io/exportTo';

/** What an object says of itself, as written: `*`, `.`, `~` and namespaces; empty if it says nothing. */
export function exportTargets(object: ExportedObject): readonly string[] {
  if (object.kind !== 'Service') return object.spec.exportTo ?? [];
  const written = object.metadata.annotations?.[EXPORT_TO_ANNOTATION] ?? '';
  return written
    .split(',')
    .map((target) => target.trim())
    .filter((target) => target !== '');
}

/** An object's audience: everybody, or the namespaces named. */
export type Audience = 'everybody' | ReadonlySet<string>;

/**
 * Who sees an object. `*` among the targets is everybody whatever else stands there, else `~` is nobody, else `.` is the object's own
 * namespace (Istio's `initVirtualServices`).
 */
export function audienceOf(object: ExportedObject, byDefault: DefaultExport): Audience {
  const written = exportTargets(object);
  const targets = written.length === 0 ? [byDefault] : written;
  if (targets.includes('*')) return 'everybody';
  if (targets.includes('~')) return NOBODY;
  return new Set(targets.map((target) => (target === '.' ? namespaceOf(object) : target)));
}

const NOBODY: ReadonlySet<string> = new Set();

/** Whether proxies of a namespace see an object. */
export function isVisible(object: ExportedObject, byDefault: DefaultExport, namespace: string): boolean {
  const audience = audienceOf(object, byDefault);
  return audience === 'everybody' || audience.has(namespace);
}

/**
 * The objects that proxies of a namespace see, in their order. The list itself if they see all, and one list for all namespaces to
 * which nothing is exported in particular: for most meshes what follows is computed once.
 */
export function visibleObjects<Item extends ExportedObject>(
  memo: Memo,
  objects: readonly Item[],
  byDefault: DefaultExport,
  namespace: string,
): readonly Item[] {
  const audiences = memo.each(audienceStage, objects, byDefault);
  const special = memo.run(specialNamespaces, audiences);
  if (special === NO_DIFFERENCE) return objects;
  const seen = memo.run(seenObjects, objects, audiences, special.has(namespace) ? namespace : undefined);
  return seen as readonly Item[];
}

/** Whether some of the objects are for less than everybody. */
export function someAreParticular(memo: Memo, objects: readonly ExportedObject[], byDefault: DefaultExport): boolean {
  return memo.run(specialNamespaces, memo.each(audienceStage, objects, byDefault)) !== NO_DIFFERENCE;
}

function audienceStage(_memo: Memo, object: ExportedObject, byDefault: DefaultExport): Audience {
  return audienceOf(object, byDefault);
}

const NO_DIFFERENCE: ReadonlySet<string> = new Set();

/** Namespaces that see more than everybody does. */
function specialNamespaces(_memo: Memo, audiences: readonly Audience[]): ReadonlySet<string> {
  if (audiences.every((audience) => audience === 'everybody')) return NO_DIFFERENCE;
  return new Set(audiences.flatMap((audience) => (audience === 'everybody' ? [] : [...audience])));
}

/** What everybody sees, and what a namespace does beyond that. */
function seenObjects(
  _memo: Memo,
  objects: readonly ExportedObject[],
  audiences: readonly Audience[],
  namespace: string | undefined,
): readonly ExportedObject[] {
  return objects.filter((_, index) => {
    const audience = audiences[index];
    return audience === 'everybody' || (namespace !== undefined && audience?.has(namespace) === true);
  });
}
