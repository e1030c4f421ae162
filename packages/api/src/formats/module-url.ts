import type { StringFormat } from '../schema.ts';

/**
 * Where the Proxy-Wasm module of a plugin is, as its `url` says:
 * - `file`: a file, absolute (`file:///opt/filters/auth.wasm`) or, as only Heddle reads it, from the folder of the manifest (`./auth.wasm`,
 *   `../filters/auth`, `file:./auth.wasm`). A folder, or a `.ts` file, is AssemblyScript to be built.
 * - `remote`: an image of a registry or a file on a web server.
 */
export type ModuleLocation =
  | { readonly scheme: 'file'; readonly path: string; readonly absolute: boolean }
  | { readonly scheme: 'oci' | 'http' | 'https' };

const SCHEME = /^([a-z][a-z0-9+.-]*):/i;

/** Reads a plugin's `url`; undefined if its scheme is none that Istio knows or it names nothing. A text without scheme is an image, as in Istio. */
export function parseModuleUrl(url: string): ModuleLocation | undefined {
  if (/^\.\.?\//.test(url)) return { scheme: 'file', path: url, absolute: false };
  const scheme = SCHEME.exec(url)?.[1]?.toLowerCase();
  // `registry.example:5000/image` has a port, not a scheme.
  if (scheme === undefined || /^[^/]+:\d+(?:\/|$)/.test(url)) return url === '' ? undefined : { scheme: 'oci' };
  if (scheme === 'oci' || scheme === 'http' || scheme === 'https') {
    return /^[a-z]+:\/\/[^/]/i.test(url) ? { scheme } : undefined;
  }
  if (scheme !== 'file') return undefined;
  const rest = url.slice('file:'.length);
  if (/^\.\.?\//.test(rest)) return { scheme: 'file', path: rest, absolute: false };
  const path = rest.startsWith('//') ? rest.slice(2) : rest;
  // `file://name` would name a host.
  return /^\/[^/]/.test(path) && !path.includes('\0') ? { scheme: 'file', path, absolute: true } : undefined;
}

/** See {@link parseModuleUrl}. */
export const moduleUrl: StringFormat = {
  name: 'module-url',
  check: (text) =>
    parseModuleUrl(text) === undefined
      ? 'file:///PATH, ./PATH from the manifest’s folder, or an address that begins with oci://, http:// or https://'
      : undefined,
  notApplied: (text) => {
    const location = parseModuleUrl(text);
    if (location === undefined || location.scheme === 'file') return undefined;
    return `fetching a module over ${location.scheme} comes later; wanted a file: its plugin does not run`;
  },
};
