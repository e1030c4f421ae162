import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registry } from '../registry.ts';
import { readEmbeddedDescriptors } from './embedded-descriptors.ts';

const routeProto = registry.getMessage('envoy.config.route.v3.Route')?.file.proto;
const versionProto = registry.getMessage('envoy.type.v3.SemanticVersion')?.file.proto;
if (routeProto === undefined || versionProto === undefined) throw new Error('Cannot test: types are not generated');
const route = toBinary(FileDescriptorProtoSchema, routeProto);
const version = toBinary(FileDescriptorProtoSchema, versionProto);
const edition = toBinary(
  FileDescriptorProtoSchema,
  create(FileDescriptorProtoSchema, {
    name: 'b/b.proto',
    package: 'b',
    dependency: ['a/a.proto'],
    messageType: [{ name: 'B' }],
    syntax: 'editions',
    edition: 1000,
  }),
);
const dependency = toBinary(
  FileDescriptorProtoSchema,
  create(FileDescriptorProtoSchema, { name: 'a/a.proto', package: 'a', enumType: [{ name: 'A' }], syntax: 'proto3' }),
);

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'embedded-descriptors-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function readFrom(...parts: (Uint8Array | string)[]) {
  const path = join(directory, 'binary');
  await writeFile(path, Buffer.concat(parts.map((part) => Buffer.from(part))));
  return (await readEmbeddedDescriptors(path)).file;
}

describe('readEmbeddedDescriptors', () => {
  test.each([
    [
      'amid other bytes',
      ['\x7fELF\x00\x00', route, '\x00\x00text', version, '\xff'],
      [routeProto.name, versionProto.name],
    ],
    ['one directly after the other', [version, version, route], [versionProto.name, routeProto.name]],
    ['at the very end', [route], [routeProto.name]],
    ['an edition, after what it imports', [edition, dependency], ['a/a.proto', 'b/b.proto']],
    ['not where only a name stands', ['"x/y.proto" is missing, wanted \x0a\x09x/y.proto\x00'], []],
    ['not in a descriptor that is cut off', [route.subarray(0, 200)], []],
    ['not in nothing', [], []],
  ])('finds descriptors %s', async (_, parts, names) => {
    expect((await readFrom(...parts)).map((file) => file.name)).toEqual(names);
  });

  test('reads them whole', async () => {
    const [file] = await readFrom('junk', version, 'junk');
    expect(file).toEqual(versionProto);
  });
});
