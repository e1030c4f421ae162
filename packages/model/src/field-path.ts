/** Where a value lies in an object, from its root: `['spec', 'http', 0, 'route', 1, 'weight']`. */
export type FieldPath = readonly (string | number)[];

/** `spec.http[0].route[1].weight`; keys that are no plain names are quoted: `metadata.labels["app.io/x"]`. */
export function formatFieldPath(path: FieldPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}
