import { suggest } from '@heddle/api';

/** The known host that was likely meant: the same name in full, one that differs in few letters, or one with the same first label. */
export function likelyHost(host: string, known: readonly string[]): string | undefined {
  const [label] = host.split('.');
  return (
    known.find((candidate) => candidate.startsWith(`${host}.`)) ??
    suggest(host, known) ??
    known.find((candidate) => candidate.split('.')[0] === label)
  );
}
