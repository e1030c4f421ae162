import type { CaseObject } from './parity-case.ts';

/** `${NAME}` in a text of a case. */
export const PLACEHOLDER = /\$\{([a-z][a-z0-9-]*)\}/g;

/** Ports that stand for endpoints which do not answer: connections are refused, never made, or made and left without a word. */
export type Unreachable = 'closed' | 'mute' | 'wordless';

export function isUnreachable(name: string): name is Unreachable {
  return name === 'closed' || name === 'mute' || name === 'wordless';
}

/** The places in the pool of the backends that a case names with `${NAME}`, in order of first mention. */
export function backendNames(resources: readonly CaseObject[]): string[] {
  const names = new Set<string>();
  for (const [, name = ''] of JSON.stringify(resources).matchAll(PLACEHOLDER))
    if (!isUnreachable(name)) names.add(name);
  return [...names];
}
