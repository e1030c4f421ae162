import { labelKey, labelValue } from '../../formats/label.ts';
import { array, type Infer, map, object, required, string } from '../../schema.ts';

/** Kubernetes `metav1.LabelSelector`: all of the labels and all of the expressions must hold; an empty one selects everything. */
export const LabelSelector = object({
  matchLabels: map(string({ format: labelValue }), { keys: labelKey }),
  matchExpressions: array(
    object(
      {
        key: required(string({ format: labelKey })),
        operator: required(string({ values: ['In', 'NotIn', 'Exists', 'DoesNotExist'] })),
        values: array(string({ format: labelValue })),
      },
      {
        check: ({ operator, values = [] }, report) => {
          const wantsValues = operator === 'In' || operator === 'NotIn';
          if (wantsValues !== values.length > 0) {
            report({
              path: ['values'],
              message: `found ${values.length} values with operator ${operator}`,
              wanted: wantsValues ? 'some' : 'none',
            });
          }
        },
      },
    ),
  ),
});
export type LabelSelector = Infer<typeof LabelSelector>;
