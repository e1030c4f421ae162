/** Which of a name's addresses are used: one family alone, one as long as it has any, or all. */
export type AddressFamily = 'v4' | 'v6' | 'v4-preferred' | 'v6-preferred' | 'all';

/** How a name is looked up. */
export interface ResolveOptions {
  readonly family: AddressFamily;
  /** Only the first address of an answer counts: an answer that begins with another one is a change. */
  readonly firstOnly: boolean;
  /** Time between look-ups. */
  readonly refreshMs: number;
}

/** Addresses in the resolver's order, or why there are none now. */
export type ResolveResult = { readonly addresses: readonly string[] } | { readonly problem: string };

/** Keeps host names resolved for STRICT_DNS and LOGICAL_DNS clusters; `dnsResolver` of `@heddle/gateway/node` is one. */
export interface HostResolver {
  /** Calls `listener` with each new answer until the returned function is called. Equal answers need not be repeated. */
  watch(name: string, options: ResolveOptions, listener: (result: ResolveResult) => void): () => void;
}
