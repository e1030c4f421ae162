/** Labels of an object, or what a selector wants of them. */
export type Labels = Readonly<Record<string, string>>;

/** Every selected label has the wanted value; an empty selector selects everything. */
export function selectsLabels(selector: Labels | undefined, labels: Labels): boolean {
  if (selector === undefined) return true;
  for (const key in selector) if (!Object.hasOwn(labels, key) || labels[key] !== selector[key]) return false;
  return true;
}
