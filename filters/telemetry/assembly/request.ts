import { BodyResult, connection, Headers, HeadersResult, HttpContext, request, response, upstream } from "@heddle/wasm-sdk/assembly";
import { Description, goesToMesh, reportsAsSource } from "./describe";
import { GrpcMessages } from "./grpc-messages";
import { Plugin } from "./plugin";
import { MessageSeries } from "./series";
import { TelemetrySettings, Trust } from "./settings";
import { Workload } from "./workload";

const METADATA: string = "x-envoy-peer-metadata";
const METADATA_ID: string = "x-envoy-peer-metadata-id";

export class Request extends HttpContext {
  private isSource: bool = false;
  /** Whether the headers have been here; filters before this one may have answered. */
  private hasBegun: bool = false;
  private authority: string | null = null;
  private peer: Workload | null = null;
  /** Whether the client has said who it is, and is told in turn. */
  private tellsClient: bool = false;
  /** Null if it is no gRPC. */
  private sent: GrpcMessages | null = null;
  private received: GrpcMessages | null = null;
  private messages: MessageSeries | null = null;

  constructor(private plugin: Plugin) {
    super();
  }

  onRequestHeaders(endOfStream: bool): HeadersResult {
    const headers = this.requestHeaders;
    this.start(headers);
    const metadata = headers.get(METADATA);
    const id = headers.get(METADATA_ID);
    const settings = this.plugin.settings;
    if (this.isSource) {
      // Whoever comes in here says nothing of itself: it is the application beside this proxy, or a stranger at a gateway.
      if (settings.trust == Trust.Always || (settings.trust == Trust.Mtls && goesToMesh(settings))) {
        headers.set(METADATA, this.plugin.ownHeader);
        headers.set(METADATA_ID, this.plugin.ownId);
        return HeadersResult.Continue;
      }
    } else if (settings.trust == Trust.Always || (settings.trust == Trust.Mtls && connection.mtls())) {
      this.peer = this.plugin.peer(metadata);
      this.tellsClient = metadata !== null || id !== null;
    }
    strip(headers, metadata, id);
    return HeadersResult.Continue;
  }

  onRequestBody(size: u32, endOfStream: bool): BodyResult {
    const sent = this.sent;
    if (sent !== null) {
      sent.feed(this.requestBody, size);
      this.countMessages();
    }
    return BodyResult.Continue;
  }

  onResponseHeaders(endOfStream: bool): HeadersResult {
    const headers = this.responseHeaders;
    const metadata = headers.get(METADATA);
    const id = headers.get(METADATA_ID);
    if (this.isSource && metadata !== null && believesUpstream(this.plugin.settings)) this.peer = this.plugin.peer(metadata);
    if (this.tellsClient) {
      headers.set(METADATA, this.plugin.ownHeader);
      headers.set(METADATA_ID, this.plugin.ownId);
    } else {
      strip(headers, metadata, id);
    }
    // Now both sides are known, which is all that messages are labelled with: streams may go on for days.
    if (this.sent !== null) this.messages = this.plugin.messages.of(this.describe());
    this.countMessages();
    return HeadersResult.Continue;
  }

  onResponseBody(size: u32, endOfStream: bool): BodyResult {
    const received = this.received;
    if (received !== null) {
      received.feed(this.responseBody, size);
      this.countMessages();
    }
    return BodyResult.Continue;
  }

  onLog(): void {
    if (!this.hasBegun) this.start(this.requestHeaders);
    const isGrpc = this.sent !== null;
    const description = this.describe();
    if (isGrpc && this.messages === null) this.messages = this.plugin.messages.of(description);
    this.countMessages();
    description.addProtocol(isGrpc ? "grpc" : "http");
    description.addResponse(response.code(), isGrpc ? response.grpcStatus() : -1);
    const series = this.plugin.requests.of(description);
    series.total.increment();
    series.duration.record(<u64>max<i64>(request.durationNs(), 0) / 1000000);
    series.requestBytes.record(<u64>request.totalSize());
    series.responseBytes.record(<u64>response.totalSize());
  }

  private start(headers: Headers): void {
    this.hasBegun = true;
    this.isSource = reportsAsSource(this.plugin.settings);
    this.authority = headers.authority;
    const type = headers.get("content-type");
    if (type === null || !(type == "application/grpc" || type.startsWith("application/grpc+"))) return;
    this.sent = new GrpcMessages();
    this.received = new GrpcMessages();
  }

  private describe(): Description {
    return new Description(this.plugin.settings, this.isSource, this.plugin.own, this.peer, this.authority);
  }

  /** Those that have come since the last time, once it is known under what. */
  private countMessages(): void {
    const messages = this.messages;
    const sent = this.sent;
    const received = this.received;
    if (messages === null || sent === null || received === null) return;
    messages.requests.increment(sent.take());
    messages.responses.increment(received.take());
  }
}

function believesUpstream(settings: TelemetrySettings): bool {
  if (settings.trust != Trust.Mtls) return settings.trust == Trust.Always;
  const name = upstream.uriSanPeerCertificate();
  return name !== null && name.length > 0;
}

function strip(headers: Headers, metadata: string | null, id: string | null): void {
  if (metadata !== null) headers.remove(METADATA);
  if (id !== null) headers.remove(METADATA_ID);
}
