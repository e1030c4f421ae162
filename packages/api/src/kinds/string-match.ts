import { regularExpression, regularExpressionOrStar } from '../formats/regular-expression.ts';
import { pathText, plainText } from '../formats/text.ts';
import { type Infer, object, type Schema, type StringFormat, string } from '../schema.ts';

export interface StringMatch {
  readonly exact?: string;
  readonly prefix?: string;
  readonly regex?: string;
}

function stringMatch(text: StringFormat, regex: StringFormat, minPrefix: number): Schema<StringMatch> {
  return object(
    {
      exact: string({ format: text }),
      prefix: string({ format: text, minLength: minPrefix }),
      regex: string({ format: regex }),
    },
    { oneOf: [{ fields: ['exact', 'prefix', 'regex'], wanted: 'atMostOne' }] },
  );
}

/**
 * Istio `StringMatch` on a header, method or parameter: at most one of the three; none means "present". An empty prefix is refused,
 * as Envoy does (`envoy.type.matcher.v3.StringMatcher`).
 */
export const ValueMatch: Schema<StringMatch> = stringMatch(plainText, regularExpression, 1);
/** Istio `StringMatch` on the path, where an empty prefix means any path. */
export const UriMatch: Schema<StringMatch> = stringMatch(pathText, regularExpression, 0);
/** Istio `StringMatch` of `withoutHeaders`, where the regex `*` means "present". */
export const AbsenceMatch: Schema<StringMatch> = stringMatch(plainText, regularExpressionOrStar, 1);
export type UriMatch = Infer<typeof UriMatch>;
