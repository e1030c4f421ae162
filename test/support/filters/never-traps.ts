import { createFilter } from '@heddle/wasm-host/testing';
import fc from 'fast-check';
import { configurationText, type FilterCase } from './filter-case.ts';

/**
 * Starts a filter with damaged configurations and sends it damaged requests, in the emulator: it may refuse and answer what it likes, but neither
 * trap nor leave a request without an answer that comes by itself.
 *
 * @throws Error with the configuration, or the request, that it fails of
 */
export async function neverTraps(wasm: Uint8Array<ArrayBuffer>, cases: readonly FilterCase[]): Promise<void> {
  const configurations = [...new Set(cases.map(({ configuration }) => configurationText(configuration)))];
  await fc.assert(
    fc.asyncProperty(damaged(fc.constantFrom(...configurations)), async (configuration) => {
      try {
        (await createFilter({ wasm, configuration: latin1(configuration) })).close();
      } catch (error) {
        if (!(error instanceof Error) || !error.message.includes('refuses its configuration')) throw error;
      }
    }),
    { numRuns: 60 },
  );
  const values = cases.flatMap(({ request }) => Object.values(request.headers ?? {}).flat());
  const names = cases.flatMap(({ request }) => Object.keys(request.headers ?? {}));
  const paths = cases.map(({ request }) => request.path ?? '/');
  for (const configuration of configurations) {
    const filter = await createFilter({ wasm, configuration });
    await fc.assert(
      fc.asyncProperty(
        damaged(fc.constantFrom(...paths)),
        fc.array(fc.tuple(fc.constantFrom('x-a', ...names), damaged(fc.constantFrom('', ...values))), { maxLength: 6 }),
        async (path, headers) => {
          const { outcome } = await filter.request({ path, headers });
          if (filter.failure !== undefined) throw filter.failure;
          if (outcome === 'reset') throw new Error('the filter has reset the stream');
        },
      ),
      { numRuns: 60 },
    );
    filter.close();
  }
}

/** A text with bytes put in, taken out and turned into others. Characters are bytes. */
function damaged(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const damage = fc.record({
    at: fc.nat(),
    removed: fc.nat(3),
    put: fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((byte) => String.fromCharCode(byte)), maxLength: 3 }),
  });
  return fc.tuple(texts, fc.array(damage, { maxLength: 3 })).map(([text, damages]) =>
    damages.reduce((before, { at, removed, put }) => {
      const start = at % (before.length + 1);
      return before.slice(0, start) + put + before.slice(start + removed);
    }, text),
  );
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
