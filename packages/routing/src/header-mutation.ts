import type { HeaderValueOption } from '@heddle/envoy-api/core';
import { asciiLower } from './ascii.ts';
import { byteString } from './byte-string.ts';
import { compileFormat, type Format, type FormatContext } from './format.ts';
import { addHeader, hasHeader, type RawHeaders, removeHeader, setHeader } from './raw-headers.ts';
import { RoutingError } from './routing-error.ts';

/** One place's header operations (a route's, a virtual host's …), compiled. */
export interface HeaderMutations {
  readonly remove: readonly string[];
  readonly add: readonly HeaderAddition[];
}

interface HeaderAddition {
  readonly name: string;
  readonly action: AppendAction;
  readonly keepEmptyValue: boolean;
  readonly value: Format;
}

type AppendAction = 'append-or-add' | 'add-if-absent' | 'overwrite-or-add' | 'overwrite-if-exists';

// By number of HeaderValueOption.HeaderAppendAction.
const ACTIONS: readonly AppendAction[] = ['append-or-add', 'add-if-absent', 'overwrite-or-add', 'overwrite-if-exists'];

/**
 * Compiles `*_headers_to_add` and `*_headers_to_remove` of one place. Undefined when there is nothing to do.
 * @throws RoutingError for pseudo-headers, `host` and unreadable formats, which Envoy refuses too.
 */
export function compileHeaderMutations(
  add: readonly HeaderValueOption[],
  remove: readonly string[],
): HeaderMutations | undefined {
  if (add.length === 0 && remove.length === 0) return undefined;
  return {
    remove: remove.map((name) => changeableName(name)),
    add: add.map((option) => {
      const { header, append, appendAction, keepEmptyValue } = option;
      if (header === undefined) throw new RoutingError('invalid-header', 'header to add has no name');
      if (append !== undefined && (appendAction as number) !== 0) {
        throw new RoutingError('invalid-header', `header "${header.key}" sets both append and append_action`);
      }
      const action = append === false ? 'overwrite-or-add' : ACTIONS[appendAction];
      if (action === undefined) {
        throw new RoutingError('invalid-header', `header "${header.key}" has unknown append_action ${appendAction}`);
      }
      const raw = header.rawValue.length > 0 ? latin1(header.rawValue) : byteString(header.value);
      return { name: changeableName(header.key), action, keepEmptyValue, value: compileFormat(raw) };
    }),
  };
}

function changeableName(name: string): string {
  const lower = asciiLower(name);
  if (lower === '' || lower.startsWith(':') || lower === 'host') {
    throw new RoutingError(
      'invalid-header',
      `header "${name}" cannot be changed: pseudo-headers and host belong to the route`,
    );
  }
  return lower;
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/**
 * Applies one place's operations in place, in Envoy's order: removals; then all values are formatted; then overwriting; then adding. An
 * empty value is left out unless `keep_empty_value` is set.
 */
export function applyHeaderMutations(
  headers: RawHeaders,
  mutations: HeaderMutations,
  context: FormatContext,
  direction: 'request' | 'response',
): void {
  for (const name of mutations.remove) removeHeader(headers, name);
  if (mutations.add.length === 0) return;
  const overwrite: string[] = [];
  const append: string[] = [];
  for (const { name, action, keepEmptyValue, value } of mutations.add) {
    const text = value(context);
    if (text === '' && !keepEmptyValue) continue;
    if (action === 'append-or-add') append.push(name, text);
    else if (action === 'overwrite-or-add') overwrite.push(name, text);
    else if (hasHeader(headers, name) === (action === 'overwrite-if-exists')) {
      (action === 'overwrite-if-exists' ? overwrite : append).push(name, text);
    }
  }
  for (let i = 0; i < overwrite.length; i += 2) setHeader(headers, overwrite[i] ?? '', overwrite[i + 1] ?? '');
  for (let i = 0; i < append.length; i += 2) addHeader(headers, append[i] ?? '', append[i + 1] ?? '', direction);
}
