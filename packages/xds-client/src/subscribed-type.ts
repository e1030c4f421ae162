/** What to subscribe to in one type: everything there is, some names, or both. */
export interface Interest {
  readonly wildcard?: boolean;
  readonly names?: Iterable<string>;
}

/** What the client remembers about one type. It outlives streams: on reconnect it says what need not be sent again. */
export interface SubscribedType {
  readonly typeUrl: string;
  wildcard: boolean;
  names: ReadonlySet<string>;
  /** Versions of the resources in use, by name: accepted ones only. */
  readonly versions: Map<string, string>;
  /** Whether the current stream has seen a request for this type. */
  isAnnounced: boolean;
}

/** What a new interest adds to the one before it and removes from it; `*` stands for the wildcard. */
export interface InterestDifference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** A type before its first subscription. */
export function subscribedType(typeUrl: string): SubscribedType {
  return { typeUrl, wildcard: false, names: new Set(), versions: new Map(), isAnnounced: false };
}

/** Whether anything at all was asked for. */
export function hasInterest(type: SubscribedType): boolean {
  return type.wildcard || type.names.size > 0;
}

/** Whether a resource of this name was asked for. */
export function isInteresting(type: SubscribedType, name: string): boolean {
  return type.wildcard || type.names.has(name);
}

/** Changes the interest, forgets versions of what is not interesting any more, and gives the difference. */
export function changeInterest(type: SubscribedType, interest: Interest): InterestDifference {
  const wildcard = interest.wildcard === true;
  const names = new Set(interest.names);
  const added = [...names].filter((name) => !type.names.has(name));
  const removed = [...type.names].filter((name) => !names.has(name));
  if (wildcard && !type.wildcard) added.unshift('*');
  if (!wildcard && type.wildcard) removed.unshift('*');
  type.wildcard = wildcard;
  type.names = names;
  for (const name of type.versions.keys()) if (!isInteresting(type, name)) type.versions.delete(name);
  return { added, removed };
}
