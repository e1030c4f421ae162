import type { MessageInitShape } from '@bufbuild/protobuf';
import { RedirectAction_RedirectResponseCode, type RedirectActionSchema } from '@heddle/envoy-api/route';
import type { HttpRedirect } from '../mesh-objects.ts';

const RESPONSE_CODES: Readonly<Record<number, RedirectAction_RedirectResponseCode>> = {
  301: RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY,
  302: RedirectAction_RedirectResponseCode.FOUND,
  303: RedirectAction_RedirectResponseCode.SEE_OTHER,
  307: RedirectAction_RedirectResponseCode.TEMPORARY_REDIRECT,
  308: RedirectAction_RedirectResponseCode.PERMANENT_REDIRECT,
};

/**
 * Istio's `http[].redirect`. Envoy cannot take the port from a request, so `FROM_REQUEST_PORT` is the port that the route stands on. A
 * port that is the scheme's own is left out of the location.
 */
export function compileRedirect(
  redirect: HttpRedirect,
  listenerPort: number,
): MessageInitShape<typeof RedirectActionSchema> {
  const { uri, prefixRewrite, authority, scheme } = redirect;
  const port = redirect.derivePort === 'FROM_REQUEST_PORT' ? listenerPort : (redirect.port ?? 0);
  const implied = (scheme ?? 'http') === 'https' ? 443 : 80;
  return {
    hostRedirect: authority ?? '',
    portRedirect: port === implied ? 0 : port,
    ...(prefixRewrite !== undefined && prefixRewrite !== ''
      ? { pathRewriteSpecifier: { case: 'prefixRewrite', value: prefixRewrite } as const }
      : uri !== undefined && uri !== ''
        ? { pathRewriteSpecifier: { case: 'pathRedirect', value: uri } as const }
        : {}),
    ...(scheme === undefined ? {} : { schemeRewriteSpecifier: { case: 'schemeRedirect', value: scheme } as const }),
    responseCode: RESPONSE_CODES[redirect.redirectCode ?? 301] ?? RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY,
  };
}
