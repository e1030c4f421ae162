// Plugins beside requests: connections, gRPC, queues, functions of the host. Several in one module, by the names of their classes.
import {
  Body,
  callForeignFunction,
  clearRouteCache,
  ClosedBy,
  compress,
  Configuration,
  declareProperty,
  Expression,
  Gauge,
  grpcCall,
  GrpcHandler,
  grpcStream,
  HeaderPairs,
  Headers,
  HeadersResult,
  Histogram,
  HttpContext,
  LifeSpan,
  log,
  plugin,
  PropertyType,
  Reply,
  RootContext,
  setFilterState,
  SharedQueue,
  sign,
  TcpContext,
  TcpResult,
  text,
  uncompress,
  utf8,
  Verdict,
  verifySignature,
} from "@heddle/wasm-sdk/assembly";
import { Base } from "./plugins-base";
export { Renamed as Connections };

class Renamed extends RootContext {
  open: Gauge = new Gauge("open_connections");

  createTcpContext(): TcpContext {
    return new Connection(this);
  }
}

class Connection extends TcpContext {
  constructor(private plugin: Renamed) { super(); }

  onNewConnection(): TcpResult {
    this.plugin.open.add(1);
    return TcpResult.Continue;
  }

  onDownstreamData(size: u32, endOfStream: bool): TcpResult {
    if (size < 4 && !endOfStream) return TcpResult.Pause;
    if (this.downstreamData.text().startsWith("quit")) {
      this.close();
      return TcpResult.Pause;
    }
    this.downstreamData.prepend("> ");
    return TcpResult.Continue;
  }

  onUpstreamData(size: u32, endOfStream: bool): TcpResult {
    this.upstreamData.replace("[" + this.upstreamData.text() + "]");
    return TcpResult.Continue;
  }

  onDownstreamClose(by: ClosedBy): void {
    log.info("closed by " + by.toString());
  }

  onLog(): void {
    this.plugin.open.add(-1);
  }
}

/** Filters requests and connections. */
export class Both extends RootContext {
  createHttpContext(): HttpContext {
    return new EitherRequest();
  }

  createTcpContext(): TcpContext {
    return new EitherConnection();
  }
}

class EitherRequest extends HttpContext {
  onResponseHeaders(endOfStream: bool): HeadersResult {
    this.responseHeaders.set("x-kind", "request");
    return HeadersResult.Continue;
  }

  onLog(): void {
    log.info("a request is over");
  }
}

class EitherConnection extends TcpContext {
  onLog(): void {
    log.info("a connection is over");
  }
}

export class Remote extends Base {
  createHttpContext(): HttpContext {
    return new Asking();
  }
}

/** Its callbacks are inherited in part. */
abstract class Stopping extends HttpContext {
  onRequestHeaders(endOfStream: bool): HeadersResult {
    const path = this.requestHeaders.path!;
    const ok = path == "/unary"
      ? grpcCall(this, "peer", "test.Peer", "Ask", "what?", 100, new Listener(this), new HeaderPairs().add("x-from", "filter"))
      : this.openStream(path);
    if (!ok) this.reply(500, "", "not_called");
    return HeadersResult.Pause;
  }

  abstract openStream(path: string): bool;
}

class Asking extends Stopping {
  openStream(path: string): bool {
    const listener = new Listener(this);
    if (!grpcStream(this, path == "/nowhere" ? "nowhere" : "peer", "test.Peer", "Talk", listener)) return false;
    listener.send("first");
    listener.send("second", path == "/half");
    if (path == "/close") listener.close();
    if (path == "/cancel") {
      listener.cancel();
      this.reply(200, listener.send("more").toString());
    }
    return true;
  }
}

class Listener extends GrpcHandler {
  heard: string = "";

  constructor(private stream: HttpContext) { super(); }

  onInitialMetadata(metadata: Headers): void {
    const peer = metadata.get("x-peer");
    this.heard += "initial " + (peer === null ? "-" : peer) + ";";
  }

  onMessage(message: Body): void {
    this.heard += message.text() + ";";
  }

  onTrailingMetadata(metadata: Headers): void {
    this.heard += "trailing;";
  }

  onClose(status: u32, message: string): void {
    this.stream.send(new Reply(200, this.heard + "closed " + status.toString() + " " + message));
  }
}

export class Queue extends RootContext {
  queue: SharedQueue | null = null;
  sizes: Histogram = new Histogram("item_bytes");

  onStart(configuration: Configuration): bool {
    return configuration.text != "refuse";
  }

  onConfigure(configuration: Configuration): bool {
    this.queue = SharedQueue.open("work");
    const found = SharedQueue.find("", "work");
    if (found === null || SharedQueue.find("", "nothing") !== null) return false;
    found.push("one");
    found.push("two");
    return true;
  }

  onQueueReady(queue: SharedQueue): void {
    for (let item = queue.pop(); item !== null; item = queue.pop()) {
      this.sizes.record(item.byteLength);
      log.info("item " + text(item) + " " + (this.queue!.token == queue.token).toString());
    }
  }

  onDone(): bool {
    log.info("done");
    return true;
  }
}

export class Functions extends RootContext {
  expression: Expression | null = null;

  onConfigure(configuration: Configuration): bool {
    this.expression = Expression.compile("request.path == '/cel'");
    declareProperty("color", PropertyType.String, LifeSpan.DownstreamRequest);
    return true;
  }

  createHttpContext(): HttpContext {
    return new Calling(this);
  }
}

class Calling extends HttpContext {
  constructor(private plugin: Functions) { super(); }

  onRequestHeaders(endOfStream: bool): HeadersResult {
    const packed = compress(utf8("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    const unpacked: ArrayBuffer | null = packed === null ? null : uncompress(packed);
    const isSet = setFilterState("envoy.network.upstream_server_name", "shop", LifeSpan.FilterChain);
    const isColored = this.setProperty("color", "red");
    const expression = this.plugin.expression;
    this.requestHeaders.set("x-packed", packed === null ? "no" : (packed.byteLength < 40).toString());
    this.requestHeaders.set("x-unpacked", unpacked === null ? "no" : unpacked.byteLength.toString());
    this.requestHeaders.set("x-garbage", (uncompress(utf8("garbage")) === null).toString());
    this.requestHeaders.set("x-set", isSet.toString() + " " + isColored.toString());
    this.requestHeaders.set("x-route", clearRouteCache().toString());
    this.requestHeaders.set("x-none", callForeignFunction("nothing", "").status.toString());
    this.requestHeaders.set("x-cel", expression === null ? "none" : expression.isTrue.toString());
    this.requestHeaders.set("x-plugin", plugin.rootId()!);
    const key = this.requestHeaders.get("x-key");
    const privateKey = this.requestHeaders.get("x-private-key");
    if (key !== null && privateKey !== null) this.signAndVerify(key, privateKey);
    return HeadersResult.Continue;
  }

  /** Keys in hexadecimal digits. */
  private signAndVerify(key: string, privateKey: string): void {
    const signature = sign("sha256", bytes(privateKey), utf8("signed"));
    if (signature === null) {
      this.requestHeaders.set("x-verdict", "no signature");
      return;
    }
    const isRight = verifySignature("sha256", bytes(key), signature, utf8("signed")) == Verdict.Right;
    const isWrong = verifySignature("sha256", bytes(key), signature, utf8("another")) == Verdict.Right;
    this.requestHeaders.set("x-verdict", isRight.toString() + " " + isWrong.toString());
  }
}

function bytes(hex: string): ArrayBuffer {
  const result = new ArrayBuffer(hex.length >> 1);
  for (let index = 0; index < result.byteLength; index++) {
    store<u8>(changetype<usize>(result) + index, <u8>parseInt(hex.substr(index * 2, 2), 16));
  }
  return result;
}
