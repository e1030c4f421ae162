import { suggest } from '@heddle/api';
import { type Diagnostic, diagnostic, type FieldPath, formatRef, type Origin } from '@heddle/model';
import { type ClusterDomain, fullGatewayName, fullHost } from '../hosts/host-name.ts';
import type { Memo } from '../memo.ts';
import {
  type HttpMatch,
  type HttpRoute,
  namespaceOf,
  qualifiedName,
  refOfObject,
  type VirtualService,
} from '../mesh-objects.ts';
import type { MeshSettings } from '../settings.ts';
import { isVisible } from '../visibility.ts';
import { joinedName, mergeMatches } from './match-merge.ts';

/** A VirtualService whose delegating rules are replaced by those of its delegates. */
export interface DelegatingVirtualService extends VirtualService {
  readonly delegation: {
    /** Where each rule of `spec.http` comes from. */
    readonly rules: readonly RuleOrigin[];
    /** What is wrong with the delegates. */
    readonly diagnostics: readonly Diagnostic[];
  };
}

interface RuleOrigin {
  /** The rule whose fields these are, but for those inherited. */
  readonly rule: Origin;
  readonly matches: readonly Origin[];
  /** The rule that delegates, and the fields that come from it. */
  readonly root: Origin | undefined;
  readonly inherited: ReadonlySet<string>;
}

/** Where a field of `spec.http` was written: in the object itself, or in a delegate of it. */
export function originIn(virtualService: VirtualService, path: FieldPath): Origin {
  const [, , index, field, position, ...rest] = path;
  const found =
    'delegation' in virtualService && path[1] === 'http' && typeof index === 'number'
      ? (virtualService as DelegatingVirtualService).delegation.rules[index]
      : undefined;
  if (found === undefined) return { resource: refOfObject(virtualService), path };
  if (field === 'match' && typeof position === 'number') {
    const match = found.matches[position];
    if (match !== undefined) return { resource: match.resource, path: [...match.path, ...rest] };
  }
  const from = found.root !== undefined && found.inherited.has(String(field)) ? found.root : found.rule;
  return { resource: from.resource, path: [...from.path, ...path.slice(3)] };
}

/** What is wrong with the delegates of an object. */
export function delegationDiagnostics(virtualService: VirtualService): readonly Diagnostic[] {
  return 'delegation' in virtualService ? (virtualService as DelegatingVirtualService).delegation.diagnostics : [];
}

/** The list with each VirtualService that delegates replaced by what it comes to; the same list if none does. */
export function withDelegates(
  memo: Memo,
  virtualServices: readonly VirtualService[],
  settings: MeshSettings,
): readonly VirtualService[] {
  if (!virtualServices.some(delegates)) return virtualServices;
  const byName = new Map(virtualServices.map((virtualService) => [qualifiedName(virtualService), virtualService]));
  return virtualServices.map((virtualService) => {
    if (!delegates(virtualService)) return virtualService;
    const found = delegateNames(virtualService).map((name) => byName.get(name));
    const near = found.includes(undefined) ? [...byName.values()].filter(isDelegate).map(qualifiedName).join(' ') : '';
    return memo.run(delegated, virtualService, settings, near, ...found);
  });
}

/** HED216: VirtualServices without hosts to which no rule delegates. */
export function checkUnusedDelegates(_memo: Memo, virtualServices: readonly VirtualService[]): readonly Diagnostic[] {
  const unnamed = virtualServices.filter(isDelegate);
  if (unnamed.length === 0) return [];
  const named = new Set(virtualServices.filter(delegates).flatMap(delegateNames));
  return unnamed
    .filter((virtualService) => !named.has(qualifiedName(virtualService)))
    .map((virtualService) =>
      diagnostic('HED216', {
        resource: refOfObject(virtualService),
        path: ['spec'],
        message: 'it has no hosts, and no rule delegates to it',
        effect: 'it routes nothing',
        fix: 'add hosts, or name it as the delegate of a rule',
      }),
    );
}

function delegates({ spec }: VirtualService): boolean {
  return (spec.hosts?.length ?? 0) > 0 && (spec.http ?? []).some((rule) => rule.delegate !== undefined);
}

function isDelegate({ spec }: VirtualService): boolean {
  return (spec.hosts?.length ?? 0) === 0;
}

/** `namespace/name` of the delegate of each rule that has one. */
function delegateNames(virtualService: VirtualService): readonly string[] {
  return (virtualService.spec.http ?? []).flatMap(({ delegate }) =>
    delegate === undefined ? [] : delegateName(delegate, namespaceOf(virtualService)),
  );
}

function delegateName(delegate: NonNullable<HttpRoute['delegate']>, rootNamespace: string): string {
  const namespace = delegate.namespace ?? '';
  return `${namespace === '' ? rootNamespace : namespace}/${delegate.name ?? ''}`;
}

/** One root with its delegates, in the order of the rules that name them; `candidates` are the names of all delegates there are. */
function delegated(
  _memo: Memo,
  root: VirtualService,
  settings: MeshSettings,
  candidates: string,
  ...found: readonly (VirtualService | undefined)[]
): DelegatingVirtualService {
  const http: HttpRoute[] = [];
  const rules: RuleOrigin[] = [];
  const diagnostics: Diagnostic[] = [];
  const rootRef = refOfObject(root);
  const rest = [...found];
  for (const [index, rule] of (root.spec.http ?? []).entries()) {
    const at: Origin = { resource: rootRef, path: ['spec', 'http', index] };
    if (rule.delegate === undefined) {
      http.push(rule);
      rules.push({ rule: at, matches: matchOrigins(rule, at), root: undefined, inherited: NONE });
      continue;
    }
    const delegate = rest.shift();
    const unusable = problemOf(root, rule, delegate, settings, candidates);
    if (unusable !== undefined || delegate === undefined) {
      if (unusable !== undefined) diagnostics.push(unusable(at));
      continue;
    }
    const resource = refOfObject(delegate);
    const rootRule = inFull(rule, root, settings.clusterDomain);
    for (const [position, written] of (delegate.spec.http ?? []).entries()) {
      const own: Origin = { resource, path: ['spec', 'http', position] };
      const leaf = inFull(written, delegate, settings.clusterDomain);
      const matches = mergeMatches(rootRule.match ?? [], leaf.match ?? []);
      if (matches === undefined) {
        diagnostics.push(
          diagnostic('HED213', {
            ...own,
            path: [...own.path, 'match'],
            message: `a condition lies outside those under which ${formatRef(rootRef)} delegates`,
            effect: 'the rule is left out there',
            fix: 'narrow the condition to what the rule of the root lets through',
          }),
        );
        continue;
      }
      const { delegate: _delegate, match: _match, name: rootName, ...shared } = rootRule;
      const inherited = Object.keys(shared).filter((field) => leaf[field as keyof HttpRoute] === undefined);
      const name = joinedName(rootName, leaf.name);
      http.push({
        ...shared,
        ...leaf,
        ...(name === undefined ? {} : { name }),
        ...(matches.length === 0 ? {} : { match: matches.map(({ match }) => match) }),
      });
      rules.push({
        rule: own,
        matches: matches.map(({ leaf: inLeaf, root: inRoot }) =>
          inLeaf === undefined ? matchAt(at, inRoot ?? 0) : matchAt(own, inLeaf),
        ),
        root: at,
        inherited: new Set(inherited),
      });
    }
  }
  return { ...root, spec: { ...root.spec, http }, delegation: { rules, diagnostics } };
}

const NONE: ReadonlySet<string> = new Set();

function matchOrigins(rule: HttpRoute, at: Origin): readonly Origin[] {
  return (rule.match ?? []).map((_, position) => matchAt(at, position));
}

function matchAt({ resource, path }: Origin, position: number): Origin {
  return { resource, path: [...path, 'match', position] };
}

/** Why a rule cannot delegate as it says, if so. */
function problemOf(
  root: VirtualService,
  rule: HttpRoute,
  delegate: VirtualService | undefined,
  settings: MeshSettings,
  candidates: string,
): ((at: Origin) => Diagnostic) | undefined {
  const name = delegateName(rule.delegate ?? {}, namespaceOf(root));
  const effect = 'the rule is left out: its requests go on to the next rule';
  const report =
    (code: 'IST0101' | 'HED211' | 'HED213', message: string, fix: string) =>
    ({ resource, path }: Origin): Diagnostic =>
      diagnostic(code, { resource, path: [...path, 'delegate'], message, effect, fix });
  if (delegate === undefined) {
    const near = suggest(name, candidates.split(' '));
    const fix = near === undefined ? 'name a VirtualService without hosts' : `did you mean "${near}"?`;
    return report('IST0101', `there is no VirtualService "${name}"`, fix);
  }
  const shown = formatRef(refOfObject(delegate));
  if (!isDelegate(delegate)) {
    return report(
      'HED213',
      `${shown} has hosts, and is no delegate`,
      'remove its hosts and gateways, or route by itself',
    );
  }
  if (!isVisible(delegate, settings.defaultVirtualServiceExportTo, namespaceOf(root))) {
    const fix = `add "${namespaceOf(root)}" to its exportTo`;
    return report('HED211', `${shown} is not exported to namespace "${namespaceOf(root)}"`, fix);
  }
  return undefined;
}

/** A rule whose names mean the same in every namespace. */
function inFull(rule: HttpRoute, home: VirtualService, domain: ClusterDomain): HttpRoute {
  const namespace = namespaceOf(home);
  const destination = <D extends { readonly host: string }>(given: D): D => ({
    ...given,
    host: fullHost(given.host, namespace, domain),
  });
  const { route, mirror, mirrors, match } = rule;
  return {
    ...rule,
    ...(route === undefined
      ? {}
      : { route: route.map((leg) => ({ ...leg, destination: destination(leg.destination) })) }),
    ...(mirror === undefined ? {} : { mirror: destination(mirror) }),
    ...(mirrors === undefined
      ? {}
      : { mirrors: mirrors.map((one) => ({ ...one, destination: destination(one.destination) })) }),
    ...(match === undefined ? {} : { match: match.map((one) => matchInFull(one, namespace)) }),
  };
}

function matchInFull(match: HttpMatch, namespace: string): HttpMatch {
  if (match.gateways === undefined) return match;
  return { ...match, gateways: match.gateways.map((name) => fullGatewayName(name, namespace)) };
}
