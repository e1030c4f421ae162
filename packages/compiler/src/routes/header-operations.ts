import type { MessageInitShape } from '@bufbuild/protobuf';
import { HeaderValueOption_HeaderAppendAction, type HeaderValueOptionSchema } from '@heddle/envoy-api/core';
import { compareText } from '@heddle/model';
import type { HeaderOperations } from '../mesh-objects.ts';

type HeaderValueOption = MessageInitShape<typeof HeaderValueOptionSchema>;

/** Header operations in Envoy's form. */
export interface CompiledHeaders {
  readonly requestHeadersToAdd: HeaderValueOption[];
  readonly requestHeadersToRemove: string[];
  readonly responseHeadersToAdd: HeaderValueOption[];
  readonly responseHeadersToRemove: string[];
  /** The value set for `Host` or `:authority`, which Envoy rewrites by a field of its own. */
  readonly authority: string | undefined;
}

/**
 * `set` replaces a header, `add` appends to it, `remove` drops it; within each, ordered by name. Pseudo-headers and `Host` cannot be
 * altered as headers: a request's authority is returned apart, `set` before `add`, and the rest is left out, as in Istio.
 */
export function compileHeaders(operations: HeaderOperations | undefined): CompiledHeaders {
  const request = operations?.request;
  const response = operations?.response;
  return {
    requestHeadersToAdd: [...headersToAdd(request?.set, 'set'), ...headersToAdd(request?.add, 'add')],
    requestHeadersToRemove: (request?.remove ?? []).filter(isOrdinaryHeader),
    responseHeadersToAdd: [...headersToAdd(response?.set, 'set'), ...headersToAdd(response?.add, 'add')],
    responseHeadersToRemove: (response?.remove ?? []).filter(isOrdinaryHeader),
    authority: authorityIn(request?.set) ?? authorityIn(request?.add),
  };
}

type HeaderValues = Readonly<Record<string, string>> | undefined;

function headersToAdd(values: HeaderValues, operation: 'set' | 'add'): HeaderValueOption[] {
  const appendAction =
    operation === 'set'
      ? HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD
      : HeaderValueOption_HeaderAppendAction.APPEND_IF_EXISTS_OR_ADD;
  return Object.entries(values ?? {})
    .filter(([key]) => isOrdinaryHeader(key))
    .sort(([a], [b]) => compareText(a, b))
    .map(([key, value]) => ({ header: { key, value }, appendAction }));
}

function authorityIn(values: HeaderValues): string | undefined {
  const found = Object.entries(values ?? {})
    .sort(([a], [b]) => compareText(a, b))
    .findLast(([key, value]) => /^(?::authority|host)$/i.test(key) && value !== '');
  return found?.[1];
}

function isOrdinaryHeader(name: string): boolean {
  return !name.startsWith(':') && name.toLowerCase() !== 'host';
}
