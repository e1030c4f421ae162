import { Body, bodyOf } from "./body";
import { Context, ContextKind, mayAct } from "./context";
import { proxy_close_stream, proxy_continue_stream } from "./hostcalls";

/** What becomes of a connection, or of data on it. */
@unmanaged
export abstract class TcpResult {
  /** It goes on. */
  @inline static get Continue(): TcpResult { return changetype<TcpResult>(0); }
  /** It is held until `resumeDownstream()` or `resumeUpstream()`; the next callback has what is held, and the new data. */
  @inline static get Pause(): TcpResult { return changetype<TcpResult>(1); }
}

/** Who has closed a connection. */
export enum ClosedBy {
  Unknown,
  /** This proxy. */
  Local,
  Remote,
}

/** A TCP connection through the proxy. Override what the filter wants to see. */
export abstract class TcpContext extends Context {
  constructor() {
    super(ContextKind.Tcp);
  }

  /** A client has connected; `Pause` keeps the upstream from being connected to. */
  onNewConnection(): TcpResult { return TcpResult.Continue; }
  /** Data from the client. `endOfStream`: it sends no more. */
  onDownstreamData(size: u32, endOfStream: bool): TcpResult { return TcpResult.Continue; }
  onDownstreamClose(by: ClosedBy): void {}
  /** Data from the upstream. */
  onUpstreamData(size: u32, endOfStream: bool): TcpResult { return TcpResult.Continue; }
  onUpstreamClose(by: ClosedBy): void {}
  /** The connection is over. */
  onLog(): void {}
  /** The last that is heard of it. */
  onDone(): void {}

  @inline get downstreamData(): Body { return bodyOf(2); }
  @inline get upstreamData(): Body { return bodyOf(3); }

  /** What is held from the client goes on. */
  resumeDownstream(): bool { return mayAct(this, "resumeDownstream") && proxy_continue_stream(2) == 0; }
  /** What is held from the upstream goes on. */
  resumeUpstream(): bool { return mayAct(this, "resumeUpstream") && proxy_continue_stream(3) == 0; }
  /** Closes the connection to the client, and with it that to the upstream. */
  close(): bool { return mayAct(this, "close") && proxy_close_stream(2) == 0; }
}
