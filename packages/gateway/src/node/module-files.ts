import { readFile } from 'node:fs/promises';

/** Reads the file of a module. */
export async function readModule(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw new Error(`Cannot read module "${path}": ${(error as Error).message}`, { cause: error });
  }
}

/** A variable of this process's environment. */
export function hostEnvironment(name: string): string | undefined {
  return process.env[name];
}
