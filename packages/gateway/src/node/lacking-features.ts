/**
 * What sockets of this runtime cannot do. On Deno 2.9, connections over TLS that were accepted in the clear first hang after a change of
 * certificates.
 */
export function lackingFeatures(): readonly string[] {
  return 'Deno' in globalThis ? ['heddle.tls.downstream'] : [];
}
