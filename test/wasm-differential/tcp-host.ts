import type { EmulatedFilter } from '@heddle/wasm-host/testing';
import type { TcpCase, TcpOutcome } from './tcp-cases.ts';

/** Runs a case through the emulator. */
export async function runTcpInHost({ steps }: TcpCase, filter: EmulatedFilter): Promise<TcpOutcome> {
  const from = filter.logs.length;
  const connection = await filter.connection();
  await filter.clock.advance(10);
  for (const step of steps) {
    const bytes = Buffer.from(step.text ?? '', 'latin1');
    if ('client' in step) await connection.send(bytes, step.client === 'end');
    else await connection.answer(bytes, step.upstream === 'end');
    await filter.clock.advance(10);
  }
  const isOver = connection.isClosed;
  const hasClientEnded = steps.some((step) => 'client' in step && step.client === 'end');
  if (hasClientEnded) await connection.answer('', true);
  else await connection.close();
  return {
    lines: filter.logs.slice(from).map(({ message }) => message),
    client: connection.toClient,
    upstream: connection.toUpstream,
    isOver,
  };
}
