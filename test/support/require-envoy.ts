import { AgentError, findEnvoy } from '@heddle/agent';

/** The real Envoy, fetched if need be. Where it cannot be had, undefined with the reason on standard error; in CI that is an error. */
export async function requireEnvoy(version = '1.40'): Promise<string | undefined> {
  try {
    return (await findEnvoy({ version, log: console.warn })).path;
  } catch (error) {
    if (process.env['CI'] || !(error instanceof AgentError)) throw error;
    console.warn(`Tests with a real Envoy ${version} are skipped: ${error.message}`);
    return undefined;
  }
}
