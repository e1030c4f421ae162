import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { type Diagnostic, type MeshSnapshot, refOf } from '@heddle/model';
import { type PlanningContext, type PodPlan, planDeployment, planPod } from './pod-plan.ts';

/** Plans every Deployment and Pod of the snapshot that does not run somewhere already. */
export function planWorkloads(snapshot: MeshSnapshot): {
  readonly pods: readonly PodPlan[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const context: PlanningContext = {
    nginxPath: onPath('nginx'),
    folderOf: (object) => {
      const file = snapshot.locate(refOf(object))?.file;
      return file === undefined ? process.cwd() : path.dirname(path.resolve(file));
    },
  };
  const planned = [
    ...snapshot.list('Deployment').map((deployment) => planDeployment(deployment, context)),
    ...snapshot.list('Pod').map((pod) => planPod(pod, context)),
  ];
  return {
    pods: planned.flatMap(({ pods }) => pods),
    diagnostics: planned.flatMap(({ diagnostics }) => diagnostics),
  };
}

/** The executable's absolute path if PATH has it. */
function onPath(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    if (folder === '') continue;
    const candidate = path.join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
