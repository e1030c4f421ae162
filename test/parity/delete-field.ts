import type { CaseObject, Json } from './parity-case.ts';

/**
 * The objects without a field, wherever it is written. `field` is a path as the declarations list it, with the kind in front:
 * `VirtualService.spec.http[].match[].headers{}.exact`. A mapping that becomes empty goes too, as if nobody had written it; an item of
 * a list stays, because its place means something.
 *
 * @returns undefined when no object has the field
 */
export function deleteField(objects: readonly CaseObject[], field: string): CaseObject[] | undefined {
  const dot = field.indexOf('.');
  const kind = field.slice(0, dot);
  const steps = field.slice(dot + 1).match(/[^.[\]{}]+|\[\]|\{\}/g) ?? [];
  let found = false;
  const without = (value: Json, [step, ...rest]: readonly string[]): Json | undefined => {
    if (step === undefined) {
      found = true;
      return undefined;
    }
    if (step === '[]') {
      if (!Array.isArray(value)) return value;
      const items = value.map((item: Json) => without(item, rest));
      return rest.length === 0 ? undefined : items.map((item) => item ?? {});
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const mapping = value as CaseObject;
    const kept = Object.entries(mapping).flatMap(([key, entry]): [string, Json][] => {
      if (step !== '{}' && key !== step) return [[key, entry]];
      const changed = without(entry, rest);
      return changed === undefined ? [] : [[key, changed]];
    });
    const becameEmpty = kept.length === 0 && Object.keys(mapping).length > 0;
    return becameEmpty ? undefined : Object.fromEntries(kept);
  };
  const changed = objects.map((object) =>
    object['kind'] === kind ? ((without(object, steps) as CaseObject | undefined) ?? {}) : object,
  );
  return found ? changed : undefined;
}
