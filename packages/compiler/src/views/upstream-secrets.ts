import type { Diagnostic } from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';
import type { ClusterUse } from '../routes/route-list.ts';
import { clientCredentials, type SecretLookup } from '../tls/server-credentials.ts';
import { wantsTls } from '../tls/upstream-context.ts';
import { policyFor } from '../traffic-policy.ts';
import { secretLookup } from './gateway-chains.ts';
import type { ViewScope } from './view-scope.ts';

/** The secrets that connections to clusters need, each once. */
export function upstreamSecrets(
  scope: ViewScope,
  uses: readonly ClusterUse[],
): { readonly secrets: readonly CompiledResource[]; readonly diagnostics: readonly Diagnostic[] } {
  const secrets = new Map<string, CompiledResource>();
  const diagnostics: Diagnostic[] = [];
  for (const { backend, port, subset } of uses) {
    if (backend.rules.length === 0) continue;
    const part = policyFor(backend, port, subset).tls;
    if (part === undefined || !wantsTls(part.value)) continue;
    const owner = { ...part.origin, effect: 'connections to its endpoints fail' };
    const found = clientCredentials(scope.memo, part.value, owner, lookupFor(scope));
    for (const secret of found.resources) secrets.set(secret.resource.name, secret);
    diagnostics.push(...found.diagnostics);
  }
  return { secrets: [...secrets.values()], diagnostics };
}

/** Sidecars are given no Secrets: all workloads of a namespace would share them (Istio gives them for a `workloadSelector` only). */
function lookupFor(scope: ViewScope): SecretLookup {
  const lookup = secretLookup(scope);
  return scope.view.type === 'router' ? lookup : { ...lookup, find: () => undefined };
}
