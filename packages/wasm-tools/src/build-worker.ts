// The thread in which filters are built; see filter-builder.ts.
import { parentPort } from 'node:worker_threads';
import { BuildError } from './build-error.ts';
import { buildFilter } from './build-filter.ts';
import { CompileError } from './compile-error.ts';
import type { BuildAnswer, BuildJob } from './filter-builder.ts';

parentPort?.on('message', ({ folderOrEntry, options }: BuildJob) => {
  void answer(folderOrEntry, options).then((one) => parentPort?.postMessage(one));
});

async function answer(folderOrEntry: string, options: BuildJob['options']): Promise<BuildAnswer> {
  try {
    return { type: 'built', filter: await buildFilter(folderOrEntry, options) };
  } catch (error) {
    if (error instanceof CompileError) {
      return { type: 'refused', message: error.message, diagnostics: error.diagnostics };
    }
    if (error instanceof BuildError) {
      return { type: 'unfit', message: error.message, code: error.code, problems: error.problems };
    }
    return { type: 'broken', error };
  }
}
