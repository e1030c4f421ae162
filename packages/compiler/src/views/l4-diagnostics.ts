import { type Diagnostic, diagnostic, formatRef, type Origin } from '@heddle/model';
import type { L4RouteList } from '../routes/l4-routes.ts';
import { problemDiagnostics, type ViewScope } from './view-scope.ts';

/** What is wrong with rules for connections, missing destinations included. */
export const l4Diagnostics = {
  ofList(scope: ViewScope, list: L4RouteList): readonly Diagnostic[] {
    const missing = problemDiagnostics(scope, list);
    const effect = 'connections that are sent there are closed';
    return [...list.diagnostics, ...missing.map((found) => ({ ...found, effect }))];
  },

  /** HED203: a name that has a chain already. */
  takenName(name: string, { resource, path }: Origin, holder: Origin): Diagnostic {
    return diagnostic('HED203', {
      resource,
      path,
      message: `connections to "${name}" on this port are ${formatRef(holder.resource)}'s already`,
      effect: 'the match is not used for this name',
      fix: 'name the host in one of the two',
    });
  },
} as const;
