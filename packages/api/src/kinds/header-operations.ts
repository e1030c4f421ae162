import { headerValue, mutableHeader, settableRequestHeader } from '../formats/header.ts';
import { array, type Infer, map, object, type ReportProblem, string } from '../schema.ts';

/** Istio `Headers.HeaderOperations` on a request: set, then add, then remove. `host` may be set: it rewrites the authority. */
export const RequestHeaderOperations = object({
  set: map(string({ format: headerValue }), { keys: settableRequestHeader, doc: 'Overwrites the header, or adds it.' }),
  add: map(string({ format: headerValue }), { keys: settableRequestHeader, doc: 'Appends a value to the header.' }),
  remove: array(string({ format: mutableHeader })),
});

/** Istio `Headers.HeaderOperations` on a response. */
export const ResponseHeaderOperations = object({
  set: map(string({ format: headerValue }), { keys: mutableHeader, doc: 'Overwrites the header, or adds it.' }),
  add: map(string({ format: headerValue }), { keys: mutableHeader, doc: 'Appends a value to the header.' }),
  remove: array(string({ format: mutableHeader })),
});

/** Istio `Headers`. */
export const Headers = object({ request: RequestHeaderOperations, response: ResponseHeaderOperations });
export type Headers = Infer<typeof Headers>;

/** Names under which header operations change the authority. */
export function isAuthorityHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return lower === 'host' || lower === ':authority';
}

/** The authority can be written once: by a rewrite, or by one operation on `host` or `:authority`. */
export function checkAuthority(rewritten: boolean, headers: Headers | undefined, report: ReportProblem): void {
  let written = rewritten;
  for (const operation of ['set', 'add'] as const) {
    for (const name of Object.keys(headers?.request?.[operation] ?? {})) {
      if (!isAuthorityHeader(name)) continue;
      if (written) {
        report({
          path: ['headers', 'request', operation, name],
          message: `found "${name}" although the authority is already written`,
          wanted: 'one rewrite of the authority',
        });
      }
      written = true;
    }
  }
}
