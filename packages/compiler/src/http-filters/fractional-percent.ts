import type { MessageInitShape } from '@bufbuild/protobuf';
import { FractionalPercent_DenominatorType, type FractionalPercentSchema } from '@heddle/envoy-api/type';

type PercentFields = MessageInitShape<typeof FractionalPercentSchema>;

/** A share of the requests in percent, as Envoy draws it: to the ten-thousandth of a percent. */
export function fractionalPercent(percent: number): PercentFields {
  if (Number.isInteger(percent)) return { numerator: percent, denominator: FractionalPercent_DenominatorType.HUNDRED };
  return { numerator: Math.round(percent * 10_000), denominator: FractionalPercent_DenominatorType.MILLION };
}
