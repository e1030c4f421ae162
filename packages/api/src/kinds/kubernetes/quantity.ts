import { quantity } from '../../formats/text.ts';
import { intOrString } from '../../schema.ts';

/** Kubernetes `resource.Quantity`: an amount such as `100m` or `64Mi`, or a number. */
export const Quantity = intOrString({ format: quantity });
