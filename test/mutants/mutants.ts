/** One line of the discovery server, changed so that it breaks one rule of the protocol. */
export interface Mutant {
  /** The rule that it breaks: tests that notice carry it in their names. */
  readonly rule: string;
  /** File in `packages/discovery/src`. */
  readonly file: string;
  /** Text that stands in the file exactly once, within one line. */
  readonly find: string;
  readonly replace: string;
  /** What the server then does wrong. */
  readonly effect: string;
}

/** All rules of the xDS protocol that concern a server, by the numbers that the tests in `packages/discovery` use. */
export const RULES: readonly string[] = Array.from({ length: 24 }, (_, index) => `XP-${index + 1}`);

/** Rules without a mutant, with the reason. */
export const EXEMPT: Readonly<Record<string, string>> = {};

export const MUTANTS: readonly Mutant[] = [
  {
    rule: 'XP-1',
    file: 'discovery-stream.ts',
    find: 'const group = this.#group ?? this.#join(request);',
    replace: 'const group = this.#join(request);',
    effect: 'wants a node in every request',
  },
  {
    rule: 'XP-2',
    file: 'discovery-stream.ts',
    find: 'String(++this.#nonce)',
    replace: 'String(this.#nonce)',
    effect: 'gives every response the same nonce',
  },
  {
    rule: 'XP-3',
    file: 'discovery-stream.ts',
    find: "request.versionInfo !== '') subscription.owesAnswer = true",
    replace: "request.versionInfo !== '') subscription.owesAnswer ||= false",
    effect: 'lets a client that comes back keep what is gone',
  },
  {
    rule: 'XP-4',
    file: 'receive-answer.ts',
    find: 'if (error === undefined) {',
    replace: "if (error === undefined || error.message !== '') {",
    effect: 'takes a refusal for an acknowledgement',
  },
  {
    rule: 'XP-4',
    file: 'full-state.ts',
    find: 'rejection?.version === has.version ? rejection.lastGood?.resource : has.resource',
    replace: 'has.resource',
    effect: 'keeps what the client refused in the whole set',
  },
  {
    rule: 'XP-5',
    file: 'receive-state.ts',
    find: 'return !isFirst && nonce',
    replace: 'return isFirst && nonce',
    effect: 'answers requests whose nonce is stale',
  },
  {
    rule: 'XP-6',
    file: 'receive-state.ts',
    find: 'const unsubscribe = [...names].filter((name) => !listed.has(name));',
    replace: 'const unsubscribe: string[] = [];',
    effect: 'goes on serving what an older request listed',
  },
  {
    rule: 'XP-7',
    file: 'view-group.ts',
    find: 'if (old !== resource && old?.version !== resource.version) names.add(name);',
    replace: 'if (old !== resource) names.add(name);',
    effect: 'takes resources that were made anew for changed ones',
  },
  {
    rule: 'XP-8',
    file: 'receive.ts',
    find: 'if (!isEmptyRequest(request)) subscription.named = true;',
    replace: '',
    effect: 'takes an empty request for a wildcard after names were given',
  },
  {
    rule: 'XP-8',
    file: 'receive.ts',
    find: 'const asksForAll = subscribe.delete(WILDCARD) && type.wildcard;',
    replace: 'const asksForAll = subscribe.delete(WILDCARD);',
    effect: 'knows a wildcard in types that have none',
  },
  {
    rule: 'XP-8',
    file: 'receive-state.ts',
    find: 'if (asksForAll) subscription.named = true;',
    replace: '',
    effect: 'takes an empty list after `*` for all, by state of the world',
  },
  {
    rule: 'XP-9',
    file: 'receive.ts',
    find: 'if (version !== undefined && context.isSpared(name, version)) continue;',
    replace: 'if (subscription.lastSent !== undefined) continue;',
    effect: 'does not answer names that are added later',
  },
  {
    rule: 'XP-10',
    file: 'push.ts',
    find: 'return { ...push, state: fullStateOf(subscription, context.available, contents.resources) };',
    replace: 'return { ...push, state: stateOf(contents.resources) };',
    effect: 'sends listeners and clusters in parts by state of the world',
  },
  {
    rule: 'XP-10',
    file: 'push.ts',
    find: 'return { ...push, state: stateOf(contents.resources) };',
    replace: 'return { ...push, state: fullStateOf(subscription, context.available, contents.resources) };',
    effect: 'sends all endpoints whenever one changes, by state of the world',
  },
  {
    rule: 'XP-11',
    file: 'push.ts',
    find: 'subscription.batch.delete(name);',
    replace: '',
    effect: 'sends a name twice that was asked for and changed',
  },
  {
    rule: 'XP-12',
    file: 'push.ts',
    find: "return asked && subscription.type.absent === 'empty-resource' ? 'absent' : 'remove';",
    replace: "return asked ? (subscription.type.absent === 'empty-resource' ? 'absent' : 'remove') : 'nothing';",
    effect: 'never says that something is gone',
  },
  {
    rule: 'XP-12',
    file: 'push.ts',
    find: "if (subscription.style === 'partial') return isHeld ? 'forget' : 'nothing';",
    replace: "if (subscription.style === 'partial') return 'nothing';",
    effect: 'believes that a client still has what is gone, by state of the world',
  },
  {
    rule: 'XP-13',
    file: 'push.ts',
    find: "if (!isHeld && (!asked || subscription.style === 'full-set')) return 'nothing';",
    replace: "if (!isHeld) return 'nothing';",
    effect: 'is silent about names that do not exist',
  },
  {
    rule: 'XP-13',
    file: 'resource-type.ts',
    find: "absent: 'empty-resource', removedAfter",
    replace: "absent: 'removed', removedAfter",
    effect: 'removes virtual hosts that never existed',
  },
  {
    rule: 'XP-13',
    file: 'push.ts',
    find: "if (subscription.style === 'partial') return isHeld ? 'forget' : 'nothing';",
    replace: "if (subscription.style === 'partial') return isHeld ? 'forget' : 'remove';",
    effect: 'answers for names that do not exist, by state of the world',
  },
  {
    rule: 'XP-14',
    file: 'receive.ts',
    find: "if (subscription.style === 'delta') subscription.asked.add(name);",
    replace: '',
    effect: 'does not say whether the wildcard still covers a name',
  },
  {
    rule: 'XP-15',
    file: 'receive.ts',
    find: 'if (version !== undefined && context.isSpared(name, version)) continue;',
    replace: 'if (held.version(name) !== undefined && !added.includes(name)) continue;',
    effect: 'does not answer for a name that the client has',
  },
  {
    rule: 'XP-16',
    file: 'discovery-stream.ts',
    find: 'this.#changeSubscription(group, subscription, request, isFirst);',
    replace:
      "if (isFirst || request.responseNonce === '') this.#changeSubscription(group, subscription, request, isFirst);",
    effect: 'overlooks subscriptions in requests that carry a nonce',
  },
  {
    rule: 'XP-17',
    file: 'receive.ts',
    find: 'new Map(isFirst ? Object.entries(request.initialResourceVersions) : [])',
    replace: 'new Map<string, string>()',
    effect: 'sends a client that comes back everything again',
  },
  {
    rule: 'XP-18',
    file: 'discovery-stream.ts',
    find: 'for (const typeUrl of this.#host.types.keys()) {',
    replace: 'for (const typeUrl of [] as string[]) {',
    effect: 'sends types in the order in which they were asked for',
  },
  {
    rule: 'XP-18',
    file: 'make-before-break.ts',
    find: 'if (other !== undefined && !isSettled(other)) return',
    replace: 'if (other === undefined) return',
    effect: 'removes clusters before the routes that name them are replaced',
  },
  {
    rule: 'XP-19',
    file: 'discovery-stream.ts',
    find: 'else for (const name of endpointsToAnswer(push, endpoints.names)) endpoints.asked.add(name);',
    replace: '',
    effect: 'lets a changed cluster wait for endpoints that do not come',
  },
  {
    rule: 'XP-19',
    file: 'discovery-stream.ts',
    find: 'if (isEndpoints && this.#owedEndpoints.has(name)) return false;',
    replace: '',
    effect: 'spares endpoints after a reconnect that a changed cluster waits for',
  },
  {
    rule: 'XP-20',
    file: 'heartbeats.ts',
    find: 'if (atMs <= nowMs) due.push(resource);',
    replace: '',
    effect: 'lets resources die',
  },
  {
    rule: 'XP-20',
    file: 'heartbeats.ts',
    find: 'return features.includes(TTL_FEATURE) &&',
    replace: 'return',
    effect: 'sends a time to live to clients that know none',
  },
  {
    rule: 'XP-20',
    file: 'delta-response.ts',
    find: 'return create(ResourceSchema, { name, version, ...',
    replace: 'return create(ResourceSchema, { name, ...',
    effect: 'sends heartbeats that do not say which version lives on',
  },
  {
    rule: 'XP-21',
    file: 'discovery-stream.ts',
    find: 'if (this.#nameCount > limits.maxNamesPerStream) {',
    replace: 'if (Number.isNaN(this.#nameCount)) {',
    effect: 'remembers as many names as a client likes',
  },
  {
    rule: 'XP-22',
    file: 'connect-service.ts',
    find: 'streamAggregatedResources: state(),',
    replace: '',
    effect: 'does not serve state of the world',
  },
  {
    rule: 'XP-22',
    file: 'connect-service.ts',
    find: 'deltaClusters: delta(CLUSTER_TYPE_URL),',
    replace: 'deltaClusters: delta(),',
    effect: 'serves any type in the service of one',
  },
  {
    rule: 'XP-23',
    file: 'make-before-break.ts',
    find: 'if (isFresh(clusters, name)) return `cluster "${name}" is not acknowledged yet`;',
    replace: '',
    effect: 'sends a route before the client has accepted the cluster that it names',
  },
  {
    rule: 'XP-24',
    file: 'chunk.ts',
    find: 'return count < limits.maxResponseResources && bytes + size <= limits.maxResponseBytes;',
    replace: 'return count < limits.maxResponseResources;',
    effect: 'makes responses of any size',
  },
  {
    rule: 'XP-24',
    file: 'discovery-stream.ts',
    find: 'if (bytes > GRPC_DEFAULT_MESSAGE_BYTES) this.#host.oversize(this, push.typeUrl, bytes);',
    replace: '',
    effect: 'says nothing about responses that gRPC clients do not take',
  },
];
