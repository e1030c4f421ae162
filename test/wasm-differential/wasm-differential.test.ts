import { expect, test } from 'vitest';
import { requireEnvoy } from '../support/require-envoy.ts';
import { judge, loadAllowedDifferences } from './allowed-differences.ts';
import { runDifferential } from './run.ts';
import { parseLine } from './transcript.ts';

const envoy = await requireEnvoy();

test.skipIf(envoy === undefined)(
  'a module hears of the host what it hears of Envoy, but for a list',
  async () => {
    const {
      differences,
      envoy: cases,
      host,
    } = await runDifferential(envoy ?? '', {
      // All policies, which take their time, are for `npm run wasm:differential`.
      traps: 'trap-FAIL_OPEN',
    });
    expect(cases.size).toBeGreaterThan(100);
    const { faults, stale } = judge(differences, loadAllowedDifferences('1.40'));
    expect(faults).toEqual([]);
    expect(stale).toEqual([]);
    // The probe exports it; Envoy never calls it, whatever functions the module calls, nor does the host.
    const isCallback = (line: string) => parseLine(line)?.callback === 'foreign_function';
    expect([...cases.values(), ...host.values()].flat().filter(isCallback)).toEqual([]);
  },
  120_000,
);
