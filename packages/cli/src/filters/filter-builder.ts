import { Worker } from 'node:worker_threads';
import type { BuildModule } from '@heddle/control-plane/node';
import type { BuildReply, BuildRequest } from './build-worker.ts';

/** Builds filters from their sources. */
export interface FilterBuilder {
  readonly build: BuildModule;
  close(): Promise<void>;
}

interface Pending {
  resolve(built: Awaited<ReturnType<BuildModule>>): void;
  reject(error: Error): void;
}

/** A builder with a thread that starts with the first build and does not keep the process alive. */
export function createFilterBuilder(): FilterBuilder {
  const pending = new Map<number, Pending>();
  let worker: Worker | undefined;
  let lastId = 0;

  const start = (): Worker => {
    // From sources as from what is built of them: the other file has the ending of this one.
    const file = import.meta.url.endsWith('.ts') ? './build-worker.ts' : './build-worker.js';
    const started = new Worker(new URL(file, import.meta.url));
    started.unref();
    started.on('message', (reply: BuildReply) => {
      const waiting = pending.get(reply.id);
      pending.delete(reply.id);
      if (pending.size === 0) started.unref();
      if ('problem' in reply) waiting?.reject(new Error(reply.problem));
      else waiting?.resolve(reply);
    });
    started.on('error', (error) => stopped(started, error as Error));
    started.on('exit', (code) => stopped(started, new Error(`Cannot build: the compiler's thread ended with ${code}`)));
    return started;
  };
  /** The next build starts another one. */
  const stopped = (which: Worker, error: Error): void => {
    if (worker !== which) return;
    worker = undefined;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };

  return {
    build: (path) =>
      new Promise((resolve, reject) => {
        worker ??= start();
        worker.ref();
        const request: BuildRequest = { id: ++lastId, path };
        pending.set(request.id, { resolve, reject });
        worker.postMessage(request);
      }),
    close: async () => {
      await worker?.terminate();
    },
  };
}
