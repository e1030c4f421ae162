import { parseDurationMs } from '../formats/duration.ts';
import { corsHeaderName } from '../formats/header.ts';
import { plainText } from '../formats/text.ts';
import { array, boolean, object, string } from '../schema.ts';
import { ValueMatch } from './string-match.ts';

/** Seconds are all that `Access-Control-Max-Age` can say. */
const wholeSeconds = {
  name: 'whole-seconds',
  check: (text: string): string | undefined => {
    const ms = parseDurationMs(text);
    return ms !== undefined && ms >= 1000 && ms % 1000 === 0 ? undefined : 'a duration in whole seconds such as 24h';
  },
};

/** Istio `CorsPolicy`. */
export const CorsPolicy = object(
  {
    allowOrigin: array(string({ format: plainText })),
    allowOrigins: array(ValueMatch),
    allowMethods: array(
      string({ values: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE', '*'] }),
    ),
    allowHeaders: array(string({ format: corsHeaderName })),
    exposeHeaders: array(string({ format: corsHeaderName })),
    maxAge: string({ format: wholeSeconds }),
    allowCredentials: boolean(),
    unmatchedPreflights: string({ values: ['UNSPECIFIED', 'FORWARD', 'IGNORE'] }),
  },
  {
    check: (policy, report) => {
      for (const [index, { exact, prefix, regex }] of (policy.allowOrigins ?? []).entries()) {
        if ([exact, prefix, regex].every((text) => text === undefined || text === '')) {
          report({
            path: ['allowOrigins', index],
            message: 'found no origin',
            wanted: 'exact, prefix or regex with some text',
          });
        }
      }
    },
  },
);
