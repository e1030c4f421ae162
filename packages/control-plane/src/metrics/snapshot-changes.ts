import type { KindName } from '@heddle/api';
import { type AnyMeshObject, compareRefs, type MeshSnapshot, refOf } from '@heddle/model';

/** How many objects differ between two snapshots, by what they are about, in istiod's words. */
export interface SnapshotChanges {
  /** Pods and Deployments: what stands behind services. */
  readonly eds: number;
  /** Services and ServiceEntries that are new or changed. */
  readonly svc: number;
  readonly svcdelete: number;
  /** Everything else. */
  readonly config: number;
}

/** Counts changed objects. Unchanged objects are the same in both snapshots, so a kind without changes costs one comparison. */
export function snapshotChanges(before: MeshSnapshot, after: MeshSnapshot): SnapshotChanges {
  const changes = { eds: 0, svc: 0, svcdelete: 0, config: 0 };
  for (const kind of new Set([...before.counts().keys(), ...after.counts().keys()])) {
    const { set, removed } = listChanges(listOf(before, kind), listOf(after, kind));
    switch (kind) {
      case 'Pod':
      case 'Deployment':
        changes.eds += set + removed;
        break;
      case 'Service':
      case 'ServiceEntry':
        changes.svc += set;
        changes.svcdelete += removed;
        break;
      default:
        changes.config += set + removed;
    }
  }
  return changes;
}

function listOf(snapshot: MeshSnapshot, kind: string): readonly AnyMeshObject[] {
  return snapshot.list(kind as KindName) as readonly AnyMeshObject[];
}

/** Walks two lists in the order of their names. */
function listChanges(
  before: readonly AnyMeshObject[],
  after: readonly AnyMeshObject[],
): { readonly set: number; readonly removed: number } {
  if (before === after) return { set: 0, removed: 0 };
  let [set, removed, old, now] = [0, 0, 0, 0];
  while (old < before.length || now < after.length) {
    const [left, right] = [before[old], after[now]];
    if (left === right) {
      old += 1;
      now += 1;
      continue;
    }
    const order = left === undefined ? 1 : right === undefined ? -1 : compareRefs(refOf(left), refOf(right));
    if (order <= 0) old += 1;
    if (order >= 0) now += 1;
    if (order < 0) removed += 1;
    else set += 1;
  }
  return { set, removed };
}
