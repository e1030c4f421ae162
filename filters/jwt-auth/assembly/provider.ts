import { HttpCallHandler, HttpContext, HttpRequest, HttpResponse, RootContext, httpCall, log, nowNs } from "@heddle/wasm-sdk/assembly";
import { contexts } from "@heddle/wasm-sdk/assembly/context";
import { actFor } from "@heddle/wasm-sdk/assembly/http-call";
import { ClaimRules, Jwks, Jwt } from "@heddle/wasm-sdk/assembly/jwt";

/** What a provider's keys say of a token. */
export enum Verification {
  Right,
  Wrong,
  /** None of the keys is for this token. */
  UnknownKey,
}

/** A request that waits for keys. */
export abstract class WaitingRequest extends HttpContext {
  /** There are new keys, or none could be had. Called in the request's name. */
  abstract keysSettled(): void;
}

/** A token without a key's name is tried with so many keys of its algorithm. */
const MAX_TRIES: i32 = 8;
/** More requests than these do not wait for keys at once. */
const MAX_WAITING: i32 = 1000;
const NS_PER_SECOND: u64 = 1_000_000_000;

/** Who issues tokens: what they have to claim, and the keys that sign them. */
export class Provider {
  readonly rules: ClaimRules = new ClaimRules();
  keys: Jwks = new Jwks();
  /** Where keys are fetched from; null if they are configured. */
  remote: RemoteKeys | null = null;

  constructor(readonly issuer: string) {
    this.rules.issuers = [issuer];
  }

  verify(token: Jwt): Verification {
    const keys = this.keys.keys;
    let tries = 0;
    for (let index = 0; index < keys.length && tries < MAX_TRIES; index++) {
      if (!token.isFor(keys[index])) continue;
      tries++;
      if (token.isSignedBy(keys[index])) return Verification.Right;
    }
    return tries > 0 ? Verification.Wrong : Verification.UnknownKey;
  }
}

/** Keys at an address. What was had last stays in force until something better comes. */
export class RemoteKeys {
  timeoutMs: u32 = 0;
  refreshNs: u64 = 0;
  minRefetchNs: u64 = 0;
  private fetchedNs: u64 = 0;
  /** Not before. */
  private nextFetchNs: u64 = 0;
  /** When the fetch that is under way will have ended, however it ends; 0 if there is none. */
  private endsNs: u64 = 0;
  private waiting: u32[] = [];

  constructor(
    private provider: Provider,
    private plugin: RootContext,
    readonly cluster: string,
    readonly authority: string,
    readonly path: string,
    readonly scheme: string,
  ) {}

  set refreshSeconds(seconds: i64) { this.refreshNs = <u64>seconds * NS_PER_SECOND; }
  set minRefetchSeconds(seconds: i64) { this.minRefetchNs = <u64>seconds * NS_PER_SECOND; }

  /** Fetches keys that have grown old; nobody waits for that. */
  refresh(request: HttpContext): void {
    const now = nowNs();
    if (this.fetchedNs == 0 || now < this.fetchedNs + this.refreshNs) return;
    if (!this.isUnderWay(now) && now >= this.nextFetchNs) this.fetch(request, now);
  }

  /** Has a request wait for new keys. False if there will be none now. */
  wait(request: WaitingRequest): bool {
    const now = nowNs();
    if (!this.isUnderWay(now) && (now < this.nextFetchNs || !this.fetch(request, now))) return false;
    if (this.waiting.length >= MAX_WAITING) return false;
    this.waiting.push(request.contextId);
    return true;
  }

  arrived(status: u32, body: ArrayBuffer): void {
    const now = nowNs();
    this.endsNs = 0;
    const keys = Jwks.parse(body);
    if (status == 200 && keys.error.length == 0) {
      this.provider.keys = keys;
      this.fetchedNs = now;
    } else {
      const why = status == 200 ? keys.error : "status " + status.toString();
      const kept = this.fetchedNs > 0 ? "; those of before stay" : "";
      log.warn('the keys of "' + this.provider.issuer + '" could not be had from cluster "' + this.cluster + '": ' + why + kept);
    }
    const waiting = this.waiting;
    this.waiting = [];
    for (let index = 0; index < waiting.length; index++) {
      // Who has gone meanwhile is found no more.
      const stream = contexts.find(waiting[index]);
      if (stream === null) continue;
      const request = changetype<WaitingRequest>(stream);
      actFor(request);
      request.keysSettled();
    }
  }

  private isUnderWay(now: u64): bool {
    return this.endsNs > now;
  }

  /** Asks in the plugin's name: what a stream asks in its own is given up when its client leaves, and others wait for it too. */
  private fetch(request: HttpContext, now: u64): bool {
    this.nextFetchNs = now + this.minRefetchNs;
    const call = new HttpRequest("GET", this.authority, this.path).header(":scheme", this.scheme).header("accept", "application/json");
    actFor(this.plugin);
    const isSent = httpCall(this.plugin, this.cluster, call, this.timeoutMs, new Arrival(this));
    actFor(request);
    if (isSent) this.endsNs = now + (<u64>this.timeoutMs + 1000) * 1_000_000;
    else log.error('the keys of "' + this.provider.issuer + '" cannot be asked for: there is no cluster "' + this.cluster + '"');
    return isSent;
  }
}

class Arrival extends HttpCallHandler {
  constructor(private keys: RemoteKeys) {
    super();
  }

  onResponse(response: HttpResponse): void {
    this.keys.arrived(response.status, response.body.bytes());
  }
}
