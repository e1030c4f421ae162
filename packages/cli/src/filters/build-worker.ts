/*
 * Builds filters in a thread of its own: the compiler takes a second of a processor, and the thread that started this one serves
 * requests. Started by name; see filter-builder.ts.
 */
import { parentPort } from 'node:worker_threads';
import { buildFilter } from '@heddle/wasm-tools';

/** A filter's folder or entry file to be built. */
export interface BuildRequest {
  readonly id: number;
  readonly path: string;
}

export type BuildReply = { readonly id: number } & (
  | { readonly wasm: Uint8Array<ArrayBuffer>; readonly files: readonly string[] }
  /** What is wrong with the sources, for people. */
  | { readonly problem: string }
);

async function build({ id, path }: BuildRequest): Promise<BuildReply> {
  try {
    const { wasm, files } = await buildFilter(path);
    return { id, wasm, files };
  } catch (error) {
    return { id, problem: (error as Error).message };
  }
}

const port = parentPort;
port?.on('message', (request: BuildRequest) => void build(request).then((reply) => port.postMessage(reply)));
