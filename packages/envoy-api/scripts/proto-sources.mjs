import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';

const require = createRequire(import.meta.url);

/** The npm package whose tarball carries Envoy's, xDS' and googleapis' .proto files, and the roots inside it. */
export const protoPackage = '@grpc/grpc-js-xds';
const protoRoots = ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((root) => join('deps', root));

/**
 * Indexes the .proto files that the installed npm package carries.
 *
 * @returns {Promise<{ version: string, files: Map<string, ProtoSource>, declaredIn: Map<string, string> }>} the package's
 *   version, the files by import path, and for every top-level message, enum and service the file that declares it
 * @typedef {{ path: string, text: string, imports: string[] }} ProtoSource
 */
export async function readProtoSources() {
  const manifestPath = require.resolve(`${protoPackage}/package.json`);
  const manifest = JSON.parse(await readFile(manifestPath, 'utf8'));
  const files = new Map();
  const declaredIn = new Map();
  for (const root of protoRoots) {
    const directory = join(dirname(manifestPath), root);
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.proto')) continue;
      const path = join(entry.parentPath ?? entry.path, entry.name);
      const text = await readFile(path, 'utf8');
      const name = relative(directory, path).split(sep).join('/');
      const imports = [...text.matchAll(/^import\s+(?:public\s+|weak\s+)?"([^"]+)";/gm)].map((match) => match[1]);
      files.set(name, { path, text, imports });
      const packageName = /^package\s+([\w.]+);/m.exec(text)?.[1];
      for (const match of text.matchAll(/^(?:message|enum|service)\s+(\w+)/gm)) {
        declaredIn.set(`${packageName}.${match[1]}`, name);
      }
    }
  }
  return { version: manifest.version, files, declaredIn };
}

/**
 * The files needed to compile `names`: themselves and everything they import, except google/protobuf, which the
 * compiler carries.
 *
 * @param {Map<string, ProtoSource>} files
 * @param {Iterable<string>} names
 * @returns {string[]} sorted import paths
 */
export function importClosure(files, names) {
  const seen = new Set();
  const pending = [...names];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (seen.has(name) || name.startsWith('google/protobuf/')) continue;
    const file = files.get(name);
    if (file === undefined) throw new Error(`Cannot collect .proto files: "${name}" is imported, but not carried`);
    seen.add(name);
    pending.push(...file.imports);
  }
  return [...seen].sort();
}
