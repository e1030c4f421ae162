// What a filter can do, a path for each: the same module runs in the emulator and in Envoy.
import {
  BodyResult,
  Configuration,
  connection,
  Counter,
  destination,
  Expression,
  HeadersResult,
  HttpCallHandler,
  httpCall,
  HttpContext,
  HttpRequest,
  HttpResponse,
  log,
  MetricFamily,
  node,
  nowNs,
  OverLimit,
  plugin,
  Reply,
  request,
  response,
  RootContext,
  sharedData,
  SharedUpdate,
  source,
  text,
  Timer,
  TrailersResult,
  upstream,
  utf8,
} from "@heddle/wasm-sdk/assembly";

export class Features extends RootContext {
  limit: u32 = 16;
  ticks: u32 = 0;
  fastTicks: u32 = 0;
  requests: MetricFamily<Counter> = new MetricFamily<Counter>("requests_total", ["path", "result"], 4);

  onConfigure(configuration: Configuration): bool {
    if (configuration.text == "timers") {
      new Tick(this, false).every(this, 1000);
      new Tick(this, true).every(this, 300);
    }
    return configuration.text != "refuse";
  }

  createHttpContext(): HttpContext {
    return new Stream(this);
  }
}

function orNone(value: string | null): string {
  return value === null ? "none" : value;
}

/** An address without its port, which differs from run to run. */
function host(address: string | null): string {
  return address === null ? "none" : address.slice(0, address.lastIndexOf(":"));
}

class Tick extends Timer {
  constructor(private plugin: Features, private isFast: bool) { super(); }
  onTick(): void {
    if (this.isFast) this.plugin.fastTicks++;
    else this.plugin.ticks++;
  }
}

class Answer extends HttpCallHandler {
  constructor(private stream: Stream) { super(); }

  onResponse(response: HttpResponse): void {
    const stream = this.stream;
    const path = stream.path;
    if (path == "/call/forget") return;
    if (path == "/call/again") {
      if (stream.tries++ < 2) {
        httpCall(stream, "auth", new HttpRequest("GET", "auth", "/check"), 1000, this);
        return;
      }
    }
    if (path == "/call/stay") {
      stream.stayPaused();
      new Resume(stream).after(stream, 50);
      return;
    }
    if (path == "/response") {
      stream.responseHeaders.set("x-verdict", response.status.toString());
      stream.resumeResponse();
      return;
    }
    if (response.status != 200) {
      stream.send(new Reply(403, "no: " + response.body.text(), "auth_refused").header("x-auth", response.status.toString()));
      return;
    }
    stream.requestHeaders.set("x-user", response.headers.get("x-user")!);
    stream.requestHeaders.set("x-said", response.body.text());
    stream.resumeRequest();
  }
}

class Resume extends Timer {
  constructor(private stream: Stream) { super(); }
  onTick(): void {
    this.stream.requestHeaders.set("x-resumed", "by timer");
    this.stream.resumeRequest();
  }
}

class Append extends SharedUpdate {
  next(current: ArrayBuffer | null): ArrayBuffer | null {
    return utf8((current === null ? "" : text(current)) + "x");
  }
}

class Stream extends HttpContext {
  path: string = "";
  tries: i32 = 0;
  collectsTrailers: bool = false;

  constructor(private plugin: Features) { super(); }

  // Names that the SDK has used for itself: an author's members of these names are nobody's business but the author's.
  id: u32 = 4_000_000_000;
  next: Stream | null = null;
  isOver: bool = true;
  pendingCalls: i32 = 100;
  begin(direction: u32): void { unreachable(); }
  beginResponseTrailers(): void { unreachable(); }
  mayChangeBody(direction: u32): bool { return unreachable(); }
  endHeaders(direction: u32, result: u32): u32 { return unreachable(); }
  endTrailers(direction: u32, result: u32): u32 { return unreachable(); }
  endBody(direction: u32, result: u32, endOfStream: bool): u32 { return unreachable(); }
  passBody(direction: u32, size: u32, endOfStream: bool): u32 { return unreachable(); }
  passCollected(direction: u32): bool { return unreachable(); }
  callEnded(): void { unreachable(); }
  callFailed(): void { unreachable(); }
  lift(): void { unreachable(); }
  state(direction: u32): u32 { return unreachable(); }

  onRequestHeaders(endOfStream: bool): HeadersResult {
    const path = this.requestHeaders.path;
    this.path = path === null ? "" : path;
    if (this.path.startsWith("/call")) {
      const cluster = this.path == "/call/unknown" ? "nowhere" : "auth";
      const credential = this.requestHeaders.get("authorization");
      const call = new HttpRequest("POST", "auth", "/check").header("x-token", credential === null ? "" : credential).body("asked");
      const isSent = httpCall(this, cluster, call, 200, new Answer(this));
      if (!isSent && this.path == "/call/unknown-answered") this.reply(502);
      return HeadersResult.Pause;
    }
    if (this.path == "/now") {
      this.resumeRequest();
      return HeadersResult.Pause;
    }
    if (this.path == "/wait") return endOfStream ? HeadersResult.Continue : HeadersResult.WaitForBody;
    if (this.path == "/whole") {
      this.collectRequestBody(this.plugin.limit);
      return endOfStream ? HeadersResult.Continue : HeadersResult.WaitForBody;
    }
    if (this.path == "/whole/pass") {
      this.announceRequestBodyChange();
      this.collectRequestBody(this.plugin.limit, OverLimit.Pass);
    }
    if (this.path == "/replace") this.announceRequestBodyChange();
    if (this.path == "/reset") this.reset();
    if (this.path == "/headers") this.showHeaders();
    if (this.path == "/shared") this.share();
    if (this.path == "/ticks") {
      this.reply(200, this.plugin.ticks.toString() + " " + this.plugin.fastTicks.toString());
    }
    if (this.path == "/log") {
      log.debug("made " + this.made());
      log.error("made " + this.made());
      this.reply(200, this.tries.toString());
    }
    if (this.path == "/property") request.host();
    if (this.path.startsWith("/properties?")) this.showProperties();
    if (this.path == "/cel") {
      const method = Expression.compile("request.method + ' ' + request.path");
      const isGet = Expression.compile("request.method == 'GET'");
      const isPost = Expression.compile("request.method == 'POST'");
      const broken = Expression.compile("request.");
      if (method === null || isGet === null || isPost === null) this.reply(500, "not compiled");
      else this.reply(200, method.text()! + " " + isGet.isTrue.toString() + " " + isPost.isTrue.toString() + " " + (broken === null).toString());
    }
    if (this.path == "/trap") {
      const list: i32[] = [];
      this.reply(200, list[this.tries + 1].toString());
    }
    return HeadersResult.Continue;
  }

  onRequestBody(size: u32, endOfStream: bool): BodyResult {
    if (this.path == "/wait") {
      if (!endOfStream) return BodyResult.Buffer;
      this.requestHeaders.set("x-size", size.toString());
      this.requestBody.replace("replaced " + this.requestBody.text());
    }
    if (this.path == "/replace") {
      this.requestBody.prepend("<");
      this.requestBody.append(">");
    }
    if (this.path == "/silent") this.requestHeaders.set("x-changed", this.requestBody.replace("?").toString());
    return BodyResult.Continue;
  }

  onWholeRequestBody(size: u32): BodyResult {
    this.requestHeaders.set("x-whole", size.toString());
    this.requestBody.append("!");
    return BodyResult.Continue;
  }

  onRequestTrailers(): TrailersResult {
    const sum = this.requestTrailers.get("x-sum");
    if (sum !== null) this.requestTrailers.set("x-sum", sum + " seen");
    return TrailersResult.Continue;
  }

  onResponseHeaders(endOfStream: bool): HeadersResult {
    this.plugin.requests.with([this.path, this.responseHeaders.status < 400 ? "fine" : "bad"]).increment();
    if (this.path == "/properties-of-response") this.showResponseProperties();
    if (this.path == "/response") {
      httpCall(this, "auth", new HttpRequest("GET", "auth", "/check"), 0, new Answer(this));
      return HeadersResult.Pause;
    }
    if (this.path == "/response/replace") {
      this.announceResponseBodyChange();
      this.collectResponseBody(1024);
    }
    if (this.path == "/trailers") this.collectsTrailers = true;
    if (this.path == "/response/over") this.collectResponseBody(4);
    if (this.path == "/property") {
      const host = request.host();
      this.responseHeaders.set("x-host", host === null ? "forgotten" : host);
    }
    return HeadersResult.Continue;
  }

  onResponseBody(size: u32, endOfStream: bool): BodyResult {
    return this.collectsTrailers ? BodyResult.Buffer : BodyResult.Continue;
  }

  onWholeResponseBody(size: u32): BodyResult {
    this.responseBody.replace("[" + this.responseBody.text() + "]");
    return BodyResult.Continue;
  }

  onResponseTrailers(): TrailersResult {
    this.responseTrailers.add("x-seen", "yes");
    if (this.collectsTrailers) this.resumeResponse();
    return TrailersResult.Continue;
  }

  onLog(): void { this.actLate("log"); }
  onDone(): void { this.actLate("done"); }

  private actLate(callback: string): void {
    if (this.path != "/late") return;
    const isRefused = !this.reply(500) && !this.send(new Reply(500)) && !new Reply(500).send() && !this.reset() && !this.resumeRequest() && !this.resumeResponse();
    if (isRefused) log.error("nothing could be done in " + callback);
  }

  private made(): string {
    this.tries++;
    return "it";
  }

  private showHeaders(): void {
    const headers = this.requestHeaders;
    const first = headers.get("x-a");
    const second = headers.get("X-B");
    headers.set("x-b", "new");
    const third = headers.get("x-b");
    const gone = headers.remove("x-a");
    headers.add("x-c", "3");
    let names = "";
    const all = headers.entries();
    for (let index = 0; index < all.length; index++) {
      if (all[index].name.startsWith("x-") && all[index].name.length == 3) names += all[index].name + "=" + all[index].value + ";";
    }
    this.reply(200, first! + "|" + second! + "|" + third! + "|" + gone.toString() + "|" + names + "|" + headers.has("x-a").toString());
  }

  private showProperties(): void {
    const shown = [
      orNone(request.path()), orNone(request.urlPath()), orNone(request.query()), orNone(request.host()), orNone(request.scheme()),
      orNone(request.method()), orNone(request.protocol()), orNone(request.userAgent()), orNone(request.referer()),
      (request.id() !== null).toString(), (request.timeNs() > 1500000000000000000).toString(), request.durationNs().toString(),
      request.size().toString(), (request.totalSize() >= 0).toString(),
      host(source.address()), (source.port() > 0).toString(), host(destination.address()), (destination.port() > 0).toString(),
      (connection.id() >= 0).toString(), connection.mtls().toString(), orNone(connection.requestedServerName()),
      orNone(connection.tlsVersion()), orNone(connection.subjectPeerCertificate()), orNone(connection.uriSanPeerCertificate()),
      orNone(connection.dnsSanPeerCertificate()),
      orNone(upstream.clusterName()), orNone(upstream.routeName()), orNone(plugin.name()), orNone(plugin.rootId()), orNone(plugin.vmId()),
      plugin.listenerDirection().toString(), orNone(node.id()), orNone(node.cluster()), orNone(node.metadata("KEY")),
    ];
    this.reply(200, shown.join("|"));
  }

  private showResponseProperties(): void {
    const shown = [
      response.code().toString(), orNone(response.codeDetails()), response.grpcStatus().toString(), response.flags().toString(),
      response.size().toString(), (response.totalSize() >= 0).toString(), host(upstream.address()),
      orNone(upstream.uriSanPeerCertificate()), orNone(upstream.transportFailureReason()),
    ];
    this.responseHeaders.set("x-properties", shown.join("|"));
  }

  private share(): void {
    const first = sharedData.read("key");
    const isNew = sharedData.compareAndSet("key", "1", first);
    const isStale = sharedData.compareAndSet("key", "2", first);
    sharedData.update("word", new Append());
    sharedData.update("word", new Append());
    const sum = sharedData.increment("sum", 2) + sharedData.increment("sum", 3);
    const word = sharedData.get("word");
    this.reply(200, isNew.toString() + " " + isStale.toString() + " " + text(word!) + " " + sum.toString() + " " + (nowNs() > 0).toString());
  }
}
