/**
 * Places in which one declaration stands again: a traffic policy in a rule, in its subsets and for single ports. Its fields are deleted
 * one by one where it stands first; elsewhere each part of it is, as a whole: which place counts is decided by the part.
 */
const REPEATED: readonly string[] = [
  'DestinationRule.spec.subsets[].trafficPolicy.portLevelSettings[].',
  'DestinationRule.spec.trafficPolicy.portLevelSettings[].',
  'DestinationRule.spec.subsets[].trafficPolicy.',
];

/** What ablation deletes, of the supported fields. */
export function fieldsToDelete(supported: readonly string[]): readonly string[] {
  const fields = supported.map((field) => {
    const place = REPEATED.find((prefix) => field.startsWith(prefix));
    if (place === undefined) return field;
    const [part = ''] = field.slice(place.length).split(/[.[]/, 1);
    return `${place}${part}`;
  });
  return [...new Set(fields)];
}
