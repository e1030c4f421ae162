/** How a stream ends, all that still comes left aside: the error's code and message, or undefined for a peaceful end. */
export async function streamEnd(
  responses: AsyncIterator<unknown>,
): Promise<{ readonly code?: unknown; readonly message: string } | undefined> {
  try {
    for (;;) if ((await responses.next()).done === true) return undefined;
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown; readonly message: string };
    return { code, message };
  }
}
