import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's young generation as small as it begins. Left alone it grows to 16 MB and more at the first large compilation, with half of
 * a server's memory for garbage (docs/decisions/0024-memory-of-a-server.md has the figures). Call it before anything large is loaded.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
