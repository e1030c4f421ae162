import { exportTarget } from '../formats/host.ts';
import { array, type ReportProblem, string } from '../schema.ts';

/** Which namespaces an object is exported to. */
export const exportTargets = array(string({ format: exportTarget }), {
  maxItems: 1000,
  doc: 'Namespaces whose proxies see the object: "*" all, "." its own, "~" none. All if absent, unless the mesh says otherwise.',
});

/** The targets of `exportTo` are named once each, `*` and `~` stand alone, and `~` (no one) only where `allowNone`. */
export function checkExportTo(
  exportTo: readonly string[] | undefined,
  report: ReportProblem,
  options: { readonly allowNone?: boolean } = {},
): void {
  for (const [index, target] of (exportTo ?? []).entries()) {
    if (exportTo?.indexOf(target) !== index) {
      report({ path: ['exportTo', index], message: `found "${target}" twice`, wanted: 'each target once' });
    }
    if (target === '~' && options.allowNone !== true) {
      report({ path: ['exportTo', index], message: 'found "~"', wanted: '"*", "." or a namespace' });
    }
  }
  for (const alone of ['*', '~']) {
    const index = exportTo?.indexOf(alone) ?? -1;
    if (index >= 0 && exportTo?.some((target) => target !== alone) === true) {
      report({
        path: ['exportTo', index],
        message: `found "${alone}" together with others`,
        wanted: `"${alone}" alone`,
      });
    }
  }
}
