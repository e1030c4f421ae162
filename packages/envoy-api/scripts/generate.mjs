// Generates gen/ from the .proto files of an npm package and the overlay. Runs on Node 20 and later, without network:
//
//     node scripts/generate.mjs [--force]
//
// gen/ is left alone when its stamp says that it was made from the same inputs.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));
const generatedDirectory = join(packageDirectory, 'gen');
const scriptsDirectory = join(packageDirectory, 'scripts');
const inputs = [
  'generate.mjs',
  'compile.mjs',
  'descriptor-overlay.mjs',
  'proto-sources.mjs',
  'roots.json',
  'overlay.json',
];
const tools = ['@grpc/grpc-js-xds', '@bufbuild/buf', '@bufbuild/protoc-gen-es'];

/** A digest of all that decides what is generated: the tools' versions, these scripts, the roots and the overlay. */
async function digestInputs() {
  const require = createRequire(import.meta.url);
  const hash = createHash('sha256');
  for (const tool of tools) {
    const manifest = JSON.parse(await readFile(require.resolve(`${tool}/package.json`), 'utf8'));
    hash.update(`${tool} ${manifest.version}\n`);
  }
  for (const input of inputs) hash.update(await readFile(join(scriptsDirectory, input))).update('\0');
  return hash.digest('hex');
}

async function generate(stamp) {
  // Loaded here so that finding gen/ up to date costs nothing but the digest.
  const { compileProtos, generateCode } = await import('./compile.mjs');
  const { applyOverlay, parseOverlay, referencedTypes, typesOf } = await import('./descriptor-overlay.mjs');
  const { protoPackage, readProtoSources } = await import('./proto-sources.mjs');
  const roots = Object.values(JSON.parse(await readFile(join(scriptsDirectory, 'roots.json'), 'utf8'))).flat();
  const overlayData = JSON.parse(await readFile(join(scriptsDirectory, 'overlay.json'), 'utf8'));
  const overlay = parseOverlay(overlayData.files);
  const sources = await readProtoSources();
  const needed = new Set(overlay.map((file) => file.name).filter((name) => sources.files.has(name)));
  for (const type of [...roots, ...overlay.flatMap((file) => [...referencedTypes(file)])]) {
    const file = sources.declaredIn.get(type);
    if (file !== undefined) needed.add(file);
  }
  const compiled = await compileProtos(sources, needed);

  // Several commands may find gen/ stale at once: each works in a directory of its own and swaps it in whole.
  const cache = join(packageDirectory, '.cache');
  const fresh = join(cache, `gen-${process.pid}`);
  const stale = join(cache, `stale-${process.pid}`);
  try {
    await rm(fresh, { recursive: true, force: true });
    await generateCode(applyOverlay(compiled, overlay), roots, fresh);
    await writeFileList(fresh);
    await writeVersion(fresh, {
      envoyApiVersion: overlayData.envoy,
      protoPackage: `${protoPackage}@${sources.version}`,
      names: overlay
        .flatMap((file) => [...typesOf(file)])
        .flatMap(membersOf)
        .sort(),
    });
    await writeFile(join(fresh, 'stamp'), `${stamp}\n`);
    await mkdir(cache, { recursive: true });
    await swapIn(fresh, stale);
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(stale, { recursive: true, force: true });
  }
}

/** Writes a module that lists every generated file's descriptor: what a registry of all types is made from. */
async function writeFileList(directory) {
  const modules = (await readdir(directory, { recursive: true }))
    .filter((name) => name.endsWith('_pb.js'))
    .map((name) => name.split(sep).join('/'))
    .sort();
  const lines = modules.map((name) => {
    const descriptor = `file_${name.replace(/_pb\.js$/, '').replaceAll('/', '_')}`;
    return { name: descriptor, line: `import { ${descriptor} } from './${name}';` };
  });
  const body = lines.map(({ name }) => `  ${name},`).join('\n');
  await writeFile(
    join(directory, 'files.js'),
    `${lines.map(({ line }) => line).join('\n')}\n\nexport const files = [\n${body}\n];\n`,
  );
  await writeFile(
    join(directory, 'files.d.ts'),
    `import type { GenFile } from '@bufbuild/protobuf/codegenv2';\n\nexport declare const files: readonly GenFile[];\n`,
  );
}

function membersOf([name, type]) {
  return (type.field ?? type.value).map((member) => `${name}.${member.name}`);
}

/** Writes a module that tells which API the types follow, and what of it the .proto files lacked. */
async function writeVersion(directory, { envoyApiVersion, protoPackage, names }) {
  const list = names.map((name) => `  '${name}',`);
  await writeFile(
    join(directory, 'version.js'),
    `export const envoyApiVersion = '${envoyApiVersion}';\n` +
      `export const protoPackage = '${protoPackage}';\n` +
      `export const overlaidNames = [\n${list.join('\n')}\n];\n`,
  );
  await writeFile(
    join(directory, 'version.d.ts'),
    `/** The Envoy version whose API the types follow, such as \`1.40.0\`. */
export declare const envoyApiVersion: string;
/** The npm package and version whose .proto files the types were generated from. */
export declare const protoPackage: string;
/** Fields (\`message.field\`) and enum values that those files lack and the overlay adds, sorted. */
export declare const overlaidNames: readonly string[];
`,
  );
}

/** Puts `fresh` in the place of gen/, which moves to `stale`. Another process may do the same between the two renames. */
async function swapIn(fresh, stale) {
  for (let attempt = 1; ; attempt++) {
    await rm(stale, { recursive: true, force: true });
    await rename(generatedDirectory, stale).catch(unless('ENOENT'));
    const isThere = await rename(fresh, generatedDirectory).then(
      () => true,
      attempt < 10 ? unless('ENOTEMPTY', 'EEXIST') : undefined,
    );
    if (isThere) return;
  }
}

/** A handler that forgives errors with these codes. */
function unless(...codes) {
  return (error) => {
    if (!codes.includes(error.code)) throw error;
  };
}

const stamp = await digestInputs();
const found = await readFile(join(generatedDirectory, 'stamp'), 'utf8').catch(() => '');
if (found.trim() !== stamp || process.argv.includes('--force')) {
  const start = performance.now();
  await generate(stamp);
  console.error(`@heddle/envoy-api: generated gen/ in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
