import type { ClusterRuntime } from '../cluster/cluster-runtime.ts';
import type { ByteSource } from '../http/byte-stream.ts';
import type { HeaderList } from '../http/header-list.ts';
import type { UpstreamCall, UpstreamFailure, UpstreamProtocol, UpstreamRequest } from '../upstream-transport.ts';

/** What a filter's call is told, in the order head, data*, end; or failed, whenever it comes. */
export interface CalloutEvents {
  head(status: number, headers: HeaderList): void;
  data(bytes: Uint8Array): void;
  end(trailers: HeaderList | undefined): void;
  failed(failure: UpstreamFailure | 'no host' | 'timeout' | 'overflow'): void;
}

/** See {@link startCallout}. */
export interface CalloutRequest extends Omit<UpstreamRequest, 'upgrade'> {
  readonly protocol: UpstreamProtocol;
  /** From the beginning to the end of the answer; 0 for no limit. */
  readonly timeoutMs: number;
}

/** Timers of the runtimes hold 31 bits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Sends a request of a filter's own to an endpoint of a cluster, within the cluster's limits and counted as its requests are. Returns how to
 * give up; then nothing more is told.
 */
export function startCallout(cluster: ClusterRuntime, request: CalloutRequest, events: CalloutEvents): () => void {
  const host = cluster.hosts.pick();
  if (host === undefined) {
    cluster.stats.noHealthyUpstream++;
    events.failed('no host');
    return () => {};
  }
  const pool = host.pool(request.protocol, request.authority);
  const { maxPendingRequests, maxRequests } = cluster.settings.circuitBreakers;
  if (cluster.pendingRequests >= maxPendingRequests && !pool.isReady) {
    cluster.stats.upstreamRequestsOverflow++;
    events.failed('overflow');
    return () => {};
  }
  const current: { call?: UpstreamCall } = {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  let body: ByteSource | undefined;
  let isPending = true;
  let isStarted = false;
  let isReleased = false;
  let isOver = false;
  const leavePending = (): void => {
    if (!isPending) return;
    isPending = false;
    cluster.pendingRequests--;
  };
  const release = (): void => {
    if (isReleased) return;
    isReleased = true;
    leavePending();
    if (isStarted) cluster.startedRequests--;
    cluster.stats.upstreamRequestsActive--;
    host.requestEnded();
  };
  const finish = (tell: () => void): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    tell();
  };
  const giveUp = (): void => {
    isOver = true;
    clearTimeout(timer);
    body?.cancel();
    current.call?.cancel();
    release();
  };
  cluster.stats.upstreamRequestsTotal++;
  cluster.stats.upstreamRequestsActive++;
  cluster.pendingRequests++;
  host.requestStarted();
  const { protocol: _protocol, timeoutMs, ...sent } = request;
  if (timeoutMs > 0) {
    timer = setTimeout(
      () => {
        if (isOver) return;
        cluster.stats.upstreamRequestTimeouts++;
        if (!isPending) cluster.outliers?.failed(host, 504);
        giveUp();
        events.failed('timeout');
      },
      Math.min(timeoutMs, LONGEST_TIMER_MS),
    );
    // A call must not keep a program alive that has nothing else to do.
    (timer as { unref?: () => void }).unref?.();
  }
  current.call = pool.send(sent, {
    mayStart() {
      if (cluster.startedRequests < maxRequests) {
        cluster.startedRequests++;
        isStarted = true;
        return true;
      }
      cluster.stats.upstreamRequestsOverflow++;
      finish(() => events.failed('overflow'));
      release();
      return false;
    },
    onRequestStarted() {
      leavePending();
      cluster.outliers?.connected(host);
    },
    onResponse(status, headers, received) {
      cluster.outliers?.answered(host, status);
      if (isOver) {
        received?.cancel();
        return;
      }
      events.head(status, headers);
      if (received === undefined) {
        finish(() => events.end(undefined));
        return;
      }
      body = received;
      received.start({
        write(bytes) {
          if (!isOver) events.data(bytes);
          return true;
        },
        end: (trailers) => finish(() => events.end(trailers)),
        abort: () =>
          finish(() => events.failed({ kind: 'connection termination', detail: 'the answer was broken off' })),
      });
    },
    onFailure(failure) {
      cluster.outliers?.failed(host, 503);
      host.failuresTotal++;
      finish(() => events.failed(failure));
      release();
    },
    onBrokenOff() {
      cluster.outliers?.failed(host, 503);
    },
    onDone: release,
  });
  if (isOver && isReleased) current.call.cancel();
  return giveUp;
}
