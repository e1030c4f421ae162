import type { ViewParts } from './view-parts.ts';
import type { ViewScope } from './view-scope.ts';

export function compileSidecarView(_scope: ViewScope): ViewParts {
  return { listeners: [], routes: [], clusters: [], endpoints: [], diagnostics: [] };
}
