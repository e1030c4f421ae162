// Adds to package-lock.json the binaries for other platforms that the registry at hand did not serve:
//
//     node scripts/complete-lock.mjs           after npm install, when the registry is a partial mirror
//
// Tools written in Rust or Go publish a package per platform and name them all as optional dependencies. When a registry
// lacks some of them npm leaves them out of the lock file without a word, and then `npm ci` refuses that file, here and
// everywhere, because the lock is not complete. Their versions are pinned by the package that names them and the platform
// is in their names, so the entries can be written without the registry. They have no integrity until npm adds it.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const systems = {
  android: 'android',
  darwin: 'darwin',
  freebsd: 'freebsd',
  linux: 'linux',
  openharmony: 'openharmony',
};
const windows = { win32: 'win32', windows: 'win32' };
const processors = {
  64: 'x64',
  x64: 'x64',
  arm64: 'arm64',
  ia32: 'ia32',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
  arm: 'arm',
  armv7: 'arm',
};
const libraries = { gnu: 'glibc', glibc: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' };

/** The platform that a package name such as `@oxlint/binding-linux-arm64-musl` speaks of, as npm's os, cpu and libc. */
export function platformOf(name) {
  const words = name.split(/[-/]/);
  const pick = (table) => words.map((word) => (Object.hasOwn(table, word) ? table[word] : undefined)).find(Boolean);
  return { os: pick({ ...systems, ...windows }), cpu: pick(processors), libc: pick(libraries) };
}

/** The lock file's content with an entry for each optional dependency that has none, and the names of those added. */
export function completeLock(lock) {
  const packages = { ...lock.packages };
  const added = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const hoisted = `node_modules/${name}`;
      if (hoisted in packages || `${path}/${hoisted}` in packages) continue;
      const { os, cpu, libc } = platformOf(name);
      if (os === undefined || cpu === undefined || !/^\d/.test(version)) {
        throw new Error(
          `Cannot complete the lock file: "${name}" ${version}, optional dependency of "${path}", has no entry; ` +
            'wanted a name with a platform in it and an exact version.',
        );
      }
      packages[hoisted] = {
        version,
        cpu: [cpu],
        ...(entry.dev === true && { dev: true }),
        ...(os === 'linux' && libc !== undefined && { libc: [libc] }),
        optional: true,
        os: [os],
      };
      added.push(name);
    }
  }
  const sorted = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { lock: { ...lock, packages: Object.fromEntries(sorted) }, added };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const path = fileURLToPath(new URL('../package-lock.json', import.meta.url));
  const { lock, added } = completeLock(JSON.parse(readFileSync(path, 'utf8')));
  if (added.length > 0) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  process.stderr.write(`package-lock.json: ${added.length} entries added\n`);
}
