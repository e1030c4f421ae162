import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const SDK = '@heddle/wasm-sdk';

/**
 * Whether the SDK's transform is to make the exports of an entry file. One that names its version of the ABI itself makes its exports
 * itself, whatever it takes of the SDK.
 */
export function usesSdk(entry: string): boolean {
  const text = readFileSync(entry, 'utf8');
  return !/^\s*export\s+function\s+proxy_abi_version_/m.test(text) && text.includes(SDK);
}

/** A file of the SDK that these tools stand on, for filters that have none installed: by `@heddle/wasm-sdk/FILE`. */
export function readSdk(name: string): string | null {
  if (!name.startsWith(`${SDK}/`)) return null;
  sdkFolder ??= dirname(createRequire(import.meta.url).resolve(`${SDK}/package.json`));
  try {
    return readFileSync(join(sdkFolder, name.slice(SDK.length + 1)), 'utf8');
  } catch (error) {
    // One of several names that the compiler tries.
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

let sdkFolder: string | undefined;
