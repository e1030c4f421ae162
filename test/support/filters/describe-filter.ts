import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import type { JsonValue } from '@bufbuild/protobuf';
import { createFilter } from '@heddle/wasm-host/testing';
import { Ajv2020 as Ajv } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { requireEnvoy } from '../require-envoy.ts';
import { eventually } from '../waiting.ts';
import { emulatorPlane } from './emulator-plane.ts';
import { envoyPlane, refusalByEnvoy } from './envoy-plane.ts';
import { exampleConfiguration } from './filter-bootstrap.ts';
import {
  type ClusterScript,
  comparable,
  configurationText,
  type FilterCase,
  type FilterPlane,
  type PlaneOptions,
  unmet,
} from './filter-case.ts';
import { gatewayPlane, refusalByGateway } from './gateway-plane.ts';
import { neverTraps } from './never-traps.ts';

/** A configuration that a filter must refuse, and what it says then. */
export interface RefusedConfiguration {
  readonly configuration: JsonValue;
  /** Found in what the filter logs. */
  readonly reason: string | RegExp;
  /** The schema takes it all the same, as schemas cannot say what is wrong. */
  readonly isBeyondSchema?: boolean;
}

/** See {@link describeFilter}. */
export interface FilterSuite {
  /** The filter's folder, with its envoy.yaml. */
  readonly folder: string;
  /** Makes the module; called once. */
  readonly build: () => Promise<Uint8Array<ArrayBuffer>>;
  readonly cases: readonly FilterCase[];
  /** Whether the folder has a schema.json of the configuration; default true. */
  readonly hasSchema?: boolean;
  readonly refused: readonly RefusedConfiguration[];
  /** Names of headers whose values are random: each plane has its own. */
  readonly randomHeaders?: RegExp;
  /** Clusters that the filter calls, beside `upstream`: by name, as in envoy.yaml. Undefined is no answer in time. */
  readonly clusters?: Readonly<Record<string, ClusterScript>>;
  /** A request that waits for the filter's own call, whose client leaves meanwhile; the next one is to be answered as its case says. */
  readonly leaves?: {
    readonly case: FilterCase;
    /** Begins anew, for another plane; resolves when the filter's call has arrived, which is not answered before {@link release}. */
    readonly arrival: () => Promise<void>;
    readonly release: () => void;
  };
}

/** The Envoys that filters are tried in. The oldest takes its turn in a tier of its own: scripts/ci.mjs. */
const ENVOYS = process.env['HEDDLE_FILTER_ENVOYS']?.split(',') ?? ['1.40'];

/**
 * The suite of a filter: every case in the emulator, in real Envoys that its own envoy.yaml sets up, and in the gateway, which takes the same
 * resources; all must do what the case expects, and the emulator must do in everything as they do. Configurations to be refused are refused everywhere, with their reasons.
 */
export function describeFilter(suite: FilterSuite): void {
  const { cases, refused, clusters = {}, randomHeaders } = suite;
  let options: PlaneOptions;
  beforeAll(async () => {
    const example = parse(await readFile(join(suite.folder, 'envoy.yaml'), 'utf8')) as JsonValue;
    const all = suite.leaves === undefined ? cases : [...cases, suite.leaves.case];
    options = { wasm: await suite.build(), example, cases: all, clusters };
  }, 60_000);

  describe('in the emulator', () => {
    let plane: FilterPlane;
    beforeAll(() => {
      plane = emulatorPlane(options);
    });
    afterAll(() => plane?.[Symbol.asyncDispose]());

    test.each(cases)('$name', async (filterCase) => {
      await meets(plane, filterCase);
    });

    test.each(refused)('refuses $configuration', async ({ configuration, reason }) => {
      const log: string[] = [];
      const start = createFilter({
        wasm: options.wasm,
        configuration: configurationText(configuration),
        onLog: ({ message }) => log.push(message),
      });
      await expect(start).rejects.toThrow('refuses its configuration');
      expect(log.join('\n')).toMatch(reason);
    });

    test('takes or refuses any configuration, and answers any request', async () => {
      await neverTraps(options.wasm, cases);
    });

    test.runIf(suite.hasSchema ?? true)('has a schema that takes what the filter takes', async () => {
      const schema = JSON.parse(await readFile(join(suite.folder, 'schema.json'), 'utf8')) as object;
      const validate = new Ajv({ allErrors: true, strict: true, strictRequired: false, strictTypes: false }).compile(
        schema,
      );
      const taken = [exampleConfiguration(options.example), ...cases.map(({ configuration }) => configuration)];
      for (const configuration of taken) {
        // None at all stands for an empty object, and is no JSON.
        if (configuration === '') continue;
        expect(validate(configuration), `${JSON.stringify(configuration)}: ${JSON.stringify(validate.errors)}`).toBe(
          true,
        );
      }
      // Text that is no JSON is refused before any schema; what a schema cannot say is marked.
      for (const { configuration, isBeyondSchema = false } of refused) {
        if (typeof configuration === 'string') continue;
        expect(validate(configuration), `${JSON.stringify(configuration)} is taken by the schema`).toBe(isBeyondSchema);
      }
    });

    test('takes the configuration that envoy.yaml shows', async () => {
      const configuration = configurationText(exampleConfiguration(options.example));
      (await createFilter({ wasm: options.wasm, configuration })).close();
    });
  });

  for (const version of ENVOYS) {
    describe(`in Envoy ${version}`, async () => {
      const path = await requireEnvoy(version);
      if (path === undefined) {
        test.skipIf(true)('no such Envoy can be had', () => {});
        return;
      }
      describeProxy(
        (more) => envoyPlane(path, more),
        (more) => refusalByEnvoy(path, more),
      );
    });
  }

  describe('in the gateway', () => {
    describeProxy(gatewayPlane, refusalByGateway);
  });

  function describeProxy(
    start: (options: PlaneOptions) => Promise<FilterPlane>,
    refusal: (options: PlaneOptions) => Promise<string | undefined>,
  ): void {
    let plane: FilterPlane;
    let emulator: FilterPlane;
    const log: string[] = [];
    beforeAll(async () => {
      plane = await start({ ...options, onLog: (message) => log.push(message) });
      emulator = emulatorPlane(options);
    }, 60_000);
    afterAll(async () => {
      await plane?.[Symbol.asyncDispose]();
      await emulator?.[Symbol.asyncDispose]();
    });

    test.each(cases)('$name', async (filterCase) => {
      const outcome = await meets(plane, filterCase);
      expect(comparable(await emulator.send(filterCase), randomHeaders)).toEqual(comparable(outcome, randomHeaders));
    });

    const { leaves } = suite;
    if (leaves !== undefined) {
      test('goes on when a client leaves that waits', async () => {
        await plane.leave(leaves.case, leaves.arrival());
        const next = plane.send(leaves.case);
        // Time for the next one to come to where it waits too; it is answered alike if it comes later.
        setTimeout(leaves.release, 100);
        expect(unmet(leaves.case, await next)).toEqual([]);
      });
    }

    test('logs no trap', () => {
      expect(log.filter((line) => /Function: .* failed|Proxy-Wasm plugin in-VM/i.test(line))).toEqual([]);
    });

    test('starts with envoy.yaml as it is', async () => {
      const { wasm, example } = options;
      expect(
        await refusal({ wasm, example, clusters: options.clusters, cases: [], usesExample: true }),
      ).toBeUndefined();
    });

    const [first] = refused;
    test.runIf(first !== undefined)(`refuses ${JSON.stringify(first?.configuration)}`, async () => {
      if (first === undefined) return;
      const { configuration, reason } = first;
      const bad: FilterCase = { name: 'refused', configuration, request: {}, expect: { status: 0 } };
      expect(await refusal({ ...options, cases: [bad] })).toMatch(reason);
    });
  }
}

/** Sends a case's request, and checks what came of it and which counters rose. */
async function meets(plane: FilterPlane, filterCase: FilterCase) {
  const { metrics } = filterCase.expect;
  const before = metrics && (await plane.metrics(filterCase));
  const outcome = await plane.send(filterCase);
  expect(unmet(filterCase, outcome)).toEqual([]);
  // What is counted at the end of a stream is counted after its response has gone.
  if (metrics !== undefined && before !== undefined) {
    await eventually(async () => {
      const after = await plane.metrics(filterCase);
      const rises = Object.keys(metrics).map((name) => [name, (after.get(name) ?? 0) - (before.get(name) ?? 0)]);
      expect(Object.fromEntries(rises)).toEqual(metrics);
    }, 2_000);
  }
  return outcome;
}
