import { nodeForeignFunctions } from '@heddle/wasm-host/node';
import { createFilter, type EmulatedFilter, fakeClock } from '@heddle/wasm-host/testing';
import {
  configurationText,
  DEFAULT_ANSWER,
  type FilterCase,
  type FilterPlane,
  type PlaneOptions,
} from './filter-case.ts';

/** Runs cases in the emulator, one filter for each configuration. */
export function emulatorPlane({ wasm, clusters }: PlaneOptions): FilterPlane {
  const filters = new Map<string, Promise<EmulatedFilter>>();
  const filterOf = (filterCase: FilterCase) => {
    const configuration = configurationText(filterCase.configuration);
    const filter =
      filters.get(configuration) ??
      createFilter({
        wasm,
        configuration,
        foreignFunctions: nodeForeignFunctions,
        // Tokens that are valid now are made for the real planes.
        clock: fakeClock(Date.now()),
        clusters: Object.fromEntries(
          Object.entries(clusters).map(([name, answer]) => [
            name,
            ({ headers, body }) => {
              const answered = answer(callOf(headers, new TextDecoder().decode(body)));
              if (answered instanceof Promise) throw new Error('The emulator takes no answers that come later');
              return answered;
            },
          ]),
        ),
      });
    filters.set(configuration, filter);
    return filter;
  };
  return {
    async send(filterCase) {
      const filter = await filterOf(filterCase);
      const { request, response = DEFAULT_ANSWER } = filterCase;
      const result = await filter.request(request, response);
      if (filter.failure !== undefined) throw filter.failure;
      const { upstream } = result;
      return {
        status: result.status,
        headers: withoutPseudo(result.headers),
        body: result.body,
        upstream: upstream && {
          method: upstream.headers[':method'] ?? '',
          path: upstream.headers[':path'] ?? '',
          headers: withoutPseudo(upstream.headers),
          body: upstream.body,
        },
      };
    },
    async leave(filterCase, when) {
      const open = await (await filterOf(filterCase)).open(filterCase.request, filterCase.response);
      await when;
      await open.leave();
    },
    async metrics(filterCase) {
      const { metrics } = await filterOf(filterCase);
      return new Map(metrics.map(({ name, value }) => [name, Number(value)]));
    },
    async [Symbol.asyncDispose]() {
      for (const filter of filters.values()) (await filter).close();
    },
  };
}

function callOf(pairs: readonly (readonly [string, string])[], body: string) {
  const headers = Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value]));
  return {
    method: headers[':method'] ?? '',
    path: headers[':path'] ?? '',
    headers: withoutPseudo(headers),
    body,
  };
}

function withoutPseudo(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')));
}
