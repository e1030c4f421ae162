const cleanups = new Set<() => void>();

function runAll(): void {
  for (const cleanup of cleanups) cleanup();
}

/**
 * Runs something when this process exits by itself (not when it is killed). One listener serves all, since Node warns of a leak at
 * ten of them.
 *
 * @param cleanup synchronous: nothing else runs in an exiting process
 * @returns a function that takes it back
 */
export function onProcessExit(cleanup: () => void): () => void {
  if (cleanups.size === 0) process.on('exit', runAll);
  cleanups.add(cleanup);
  return () => {
    cleanups.delete(cleanup);
    if (cleanups.size === 0) process.off('exit', runAll);
  };
}
