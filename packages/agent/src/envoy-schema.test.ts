import { createFileRegistry } from '@bufbuild/protobuf';
import { supportedEnvoyVersions, unsupportedFields } from '@heddle/envoy-api';
import { readEmbeddedDescriptors } from '@heddle/envoy-api/node/embedded-descriptors';
import { registry } from '@heddle/envoy-api/registry';
import { findSchemaDifferences } from '@heddle/envoy-api/schema-differences';
import { describe, expect, test } from 'vitest';
import { AgentError } from './agent-error.ts';
import { DEFAULT_ENVOY_VERSION } from './envoy-version.ts';
import { findEnvoy } from './find-envoy.ts';

// The oldest and the newest are always checked; those between only where they lie about, to spare the downloads.
const always = [supportedEnvoyVersions[0], DEFAULT_ENVOY_VERSION];
const files = new Set([...registry].map((type) => type.file));
const ours = [...files].filter((file) => !file.name.startsWith('google/protobuf/'));

describe.each(supportedEnvoyVersions)('the generated types and Envoy %s', async (version) => {
  const path = await findEnvoy({ version, fetch: always.includes(version), log: console.warn }).then(
    (found) => found.path,
    (error: unknown) => {
      if (!(error instanceof AgentError) || (process.env['CI'] && always.includes(version))) throw error;
      console.warn(`The schema of Envoy ${version} is not checked: ${error.message}`);
      return '';
    },
  );

  test.skipIf(path === '')('agree on every field but those that unsupportedFields names', async () => {
    const schema = createFileRegistry(await readEmbeddedDescriptors(path));
    expect([...schema.files].length).toBeGreaterThan(400);
    const { missing, conflicts } = findSchemaDifferences(ours, schema);
    expect(conflicts).toEqual([]);
    expect(missing).toEqual([...unsupportedFields(version)].sort());
  });
});
