import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { importClosure } from './proto-sources.mjs';

const require = createRequire(import.meta.url);
const run = promisify(execFile);

/**
 * The npm package's .proto files use an annotation that its own copy of validate.proto does not declare, which no
 * compiler accepts. The annotations are dropped later; they only have to parse.
 */
const missingAnnotation = {
  file: 'validate/validate.proto',
  after: 'message StringRules {',
  line: 'optional bool ignore_empty = 26;',
  unless: /message StringRules \{[^]*?ignore_empty[^]*?\n\}/,
};

/** The path of a tool's executable in node_modules. */
function toolPath(packageName, tool) {
  const manifest = require.resolve(`${packageName}/package.json`);
  return join(dirname(manifest), require(manifest).bin[tool]);
}

/** Runs buf on local files; it has no reason to use the network, and no registry is named anywhere. */
async function runBuf(args) {
  try {
    await run(process.execPath, [toolPath('@bufbuild/buf', 'buf'), ...args], { maxBuffer: 1e8 });
  } catch (error) {
    throw new Error(`Cannot run "buf ${args.join(' ')}": ${error.stderr || error.message}`);
  }
}

/** Runs `work` with the path of a new directory, which is removed afterwards. */
async function withTemporaryDirectory(work) {
  const directory = await mkdtemp(join(tmpdir(), 'envoy-api-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Compiles .proto files and all that they import.
 *
 * @param {{ files: Map<string, { path: string, imports: string[] }> }} sources from readProtoSources
 * @param {Iterable<string>} names import paths
 * @returns {Promise<import('@bufbuild/protobuf/wkt').FileDescriptorProto[]>}
 */
export function compileProtos(sources, names) {
  return withTemporaryDirectory(async (directory) => {
    const protos = join(directory, 'protos');
    for (const name of importClosure(sources.files, names)) {
      const target = join(protos, name);
      await mkdir(dirname(target), { recursive: true });
      if (name === missingAnnotation.file) {
        const text = await readFile(sources.files.get(name).path, 'utf8');
        const { after, line, unless } = missingAnnotation;
        await writeFile(target, unless.test(text) ? text : text.replace(after, `${after}\n  ${line}`));
      } else {
        await copyFile(sources.files.get(name).path, target);
      }
    }
    const image = join(directory, 'image.binpb');
    await runBuf(['build', protos, '--as-file-descriptor-set', '-o', image]);
    return fromBinary(FileDescriptorSetSchema, await readFile(image)).file;
  });
}

/** Annotations for validators and documentation: a sixth of the generated code, and no part of what is sent. */
const annotations = ['validate', 'udpa.annotations', 'xds.annotations.v3', 'envoy.annotations', 'google.api.http'];

/**
 * Generates JavaScript and declarations for `roots` and everything they refer to.
 *
 * @param {import('@bufbuild/protobuf/wkt').FileDescriptorProto[]} files complete, in dependency order
 * @param {string[]} roots full names of messages and services
 * @param {string} output a directory, which is created
 */
export function generateCode(files, roots, output) {
  return withTemporaryDirectory(async (directory) => {
    const image = join(directory, 'image.binpb');
    await writeFile(image, toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: files })));
    const plugin = {
      local: [process.execPath, toolPath('@bufbuild/protoc-gen-es', 'protoc-gen-es')],
      out: '.',
      // One run for all files; a run per directory takes thirty times as long.
      strategy: 'all',
      // target=ts would write enums, which Node's type stripping refuses.
      opt: ['target=js+dts', 'import_extension=js'],
    };
    const template = join(directory, 'buf.gen.yaml');
    // protoc-gen-es carries google.protobuf itself.
    const inputs = [
      { binary_image: image, types: roots, exclude_types: annotations, exclude_paths: ['google/protobuf'] },
    ];
    await writeFile(template, JSON.stringify({ version: 'v2', plugins: [plugin], inputs }));
    await mkdir(output, { recursive: true });
    await runBuf(['generate', '--template', template, '-o', output]);
  });
}
