import { suggest } from '@heddle/api';
import { type Diagnostic, diagnostic } from '@heddle/model';
import { MESH_GATEWAY } from '../hosts/host-name.ts';
import { joinLists } from '../incremental/join-lists.ts';
import type { Memo } from '../memo.ts';
import { type Gateway, qualifiedName, refOfObject } from '../mesh-objects.ts';
import type { VirtualServiceEntry, VirtualServiceIndex } from '../virtual-services.ts';

/** IST0101: VirtualServices that are bound to Gateways which do not exist. */
export function checkGatewayReferences(
  memo: Memo,
  virtualServices: VirtualServiceIndex,
  gateways: readonly Gateway[],
): readonly Diagnostic[] {
  const known = memo.run(nameSet, memo.each(gatewayName, gateways));
  return memo.evolve(joinLists<Diagnostic>, memo.each(unknownGateways, virtualServices.entries, known));
}

function gatewayName(_memo: Memo, gateway: Gateway): string {
  return qualifiedName(gateway);
}

/** The same set as long as no name comes or goes. */
function nameSet(_memo: Memo, names: readonly string[]): ReadonlySet<string> {
  return new Set(names);
}

function unknownGateways(
  _memo: Memo,
  { virtualService, gateways: bound }: VirtualServiceEntry,
  known: ReadonlySet<string>,
): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const [name, position] of bound) {
    if (name === MESH_GATEWAY || known.has(name)) continue;
    const near = likelyGateway(name, known);
    diagnostics.push(
      diagnostic('IST0101', {
        resource: refOfObject(virtualService),
        path: ['spec', 'gateways', position],
        message: `there is no Gateway "${name}"`,
        effect: 'its routes are not served there',
        fix: near === undefined ? 'name a Gateway as NAMESPACE/NAME' : `did you mean "${near}"?`,
      }),
    );
  }
  return diagnostics.length === 0 ? NONE : diagnostics;
}

const NONE: readonly Diagnostic[] = [];

/** A Gateway of the same name in another namespace, or one whose name differs in a few letters. */
function likelyGateway(name: string, known: ReadonlySet<string>): string | undefined {
  const short = name.slice(name.indexOf('/'));
  for (const candidate of known) if (candidate.endsWith(short)) return candidate;
  return suggest(name, known);
}

/** HED209: nothing is routed at this Gateway. */
export function servesNothing(_memo: Memo, gateway: Gateway): Diagnostic {
  return diagnostic('HED209', {
    resource: refOfObject(gateway),
    path: ['spec', 'servers'],
    message: 'no VirtualService has routes for its hosts',
    effect: 'requests are answered with 404',
    fix: `bind a VirtualService by gateways: ["${qualifiedName(gateway)}"]`,
  });
}
