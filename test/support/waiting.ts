/** Tries until it does not throw any more; after the time is up the last error is thrown. */
export async function eventually<T>(attempt: () => Promise<T>, timeoutMs = 10_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Waits for a condition; throws when it has not become true in time. */
export async function until(condition: () => Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  await eventually(async () => {
    if (!(await condition())) throw new Error('the condition did not become true in time');
  }, timeoutMs);
}
