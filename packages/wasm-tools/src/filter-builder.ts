/**
 * Builds filters in another thread. This thread loads nothing of the compiler.
 *
 * @module
 */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { BuildError } from './build-error.ts';
import type { BuildOptions, BuiltFilter } from './build-filter.ts';
import { CompileError } from './compile-error.ts';

/** Builds filters in a thread of its own. */
export interface FilterBuilder {
  /** As `buildFilter` does; one at a time. */
  build(folderOrEntry: string, options?: Omit<BuildOptions, 'transforms'>): Promise<BuiltFilter>;
  /** Ends the thread; a build that is under way is given up. */
  close(): Promise<void>;
}

/** What the thread is asked. */
export interface BuildJob {
  readonly folderOrEntry: string;
  readonly options: Omit<BuildOptions, 'transforms'>;
}

/** What the thread answers. Errors lose their class on the way between threads. */
export type BuildAnswer =
  | { readonly type: 'built'; readonly filter: BuiltFilter }
  | { readonly type: 'refused'; readonly message: string; readonly diagnostics: CompileError['diagnostics'] }
  | {
      readonly type: 'unfit';
      readonly message: string;
      readonly code: BuildError['code'];
      readonly problems: BuildError['problems'];
    }
  | { readonly type: 'broken'; readonly error: unknown };

/** The thread is started by the first build and stays warm: later ones take half the time. A crash of the compiler ends the thread only. */
export function createBuilder(): FilterBuilder {
  let worker: Worker | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  const start = (): Worker => {
    const started = startWorker();
    // Also of a thread that fails while it waits for work: the next build starts another.
    const gone = () => {
      if (worker === started) worker = undefined;
    };
    return started.on('error', gone).on('exit', gone);
  };

  const run = (job: BuildJob): Promise<BuiltFilter> => {
    if (isClosed) return Promise.reject(new Error('The builder is closed'));
    worker ??= start();
    const thread = worker;
    return new Promise<BuiltFilter>((fulfil, reject) => {
      const done = () => {
        // A thread that waits for work keeps no process alive.
        thread.unref();
        thread.off('message', answered);
        thread.off('error', failed);
        thread.off('exit', ended);
      };
      const answered = (answer: BuildAnswer) => {
        done();
        if (answer.type === 'built') fulfil(answer.filter);
        else reject(errorOf(answer));
      };
      const failed = (error: Error) => {
        done();
        reject(error);
      };
      const ended = () => {
        done();
        reject(
          new CompileError(`Cannot compile "${job.folderOrEntry}": the compiler has ended; what it said stands above`),
        );
      };
      thread.ref();
      thread.on('message', answered).on('error', failed).on('exit', ended);
      thread.postMessage(job);
    });
  };

  return {
    build(folderOrEntry, options = {}) {
      const result = last.then(() => run({ folderOrEntry, options }));
      last = result.catch(() => {});
      return result;
    },
    async close() {
      isClosed = true;
      await worker?.terminate();
    },
  };
}

function startWorker(): Worker {
  const own = fileURLToPath(import.meta.url);
  const isSource = extname(own) === '.ts';
  return new Worker(new URL(`./build-worker${extname(own)}`, import.meta.url), {
    // Where this runs from source, so do the packages that it stands on.
    ...(isSource ? { execArgv: ['--conditions=@heddle/source'] } : {}),
  });
}

function errorOf(answer: Exclude<BuildAnswer, { type: 'built' }>): unknown {
  switch (answer.type) {
    case 'refused':
      return new CompileError(answer.message, answer.diagnostics);
    case 'unfit':
      return new BuildError(answer.message, answer.code, answer.problems);
    case 'broken':
      return answer.error;
  }
}
