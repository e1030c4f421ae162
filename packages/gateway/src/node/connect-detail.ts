const systemMessages: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
  ETIMEDOUT: 'Connection timed out',
};

/** Why a connection could not be made, in Envoy's words: `delayed connect error: Connection refused`. */
export function connectDetail(error: Error): string {
  const { code, errors } = error as { code?: string; errors?: readonly { code?: string }[] };
  const found = code ?? errors?.[0]?.code ?? '';
  return `delayed connect error: ${systemMessages[found] ?? error.message}`;
}
