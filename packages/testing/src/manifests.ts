import type { MeshSnapshot } from '@heddle/model';
import { createMemorySource, snapshotOf } from '@heddle/sources';

/** The snapshot of one text of manifests, read as a file of that name would be, with places and diagnostics. */
export function readManifests(text: string, file = 'manifests.yaml'): MeshSnapshot {
  return snapshotOf([createMemorySource({ files: { [file]: text } }).current]);
}
