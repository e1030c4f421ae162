import { Counter, Histogram, MetricFamily } from "@heddle/wasm-sdk/assembly";
import { Description } from "./describe";
import { DESTINATION, LABELS, MESSAGE_LABELS, SOURCE, TCP_LABELS, WORKLOAD_LABELS } from "./labels";

/** In the place of a value beyond what a table takes. */
const OTHER: string = "other";

/** Istio's metrics of requests with one set of labels. */
export class RequestSeries {
  constructor(readonly total: Counter, readonly duration: Histogram, readonly requestBytes: Histogram, readonly responseBytes: Histogram) {}
}

/** Istio's metrics of gRPC messages with one set of labels. */
export class MessageSeries {
  constructor(readonly requests: Counter, readonly responses: Counter) {}
}

/** Istio's metrics of connections with one set of labels. */
export class ConnectionSeries {
  constructor(readonly opened: Counter, readonly closed: Counter, readonly sent: Counter, readonly received: Counter) {}
}

/**
 * All series of a kind. Values come from outside, so there is an end to them. What is new beyond `maxSeries` is counted under `other` in
 * the labels of the peer, who is a stranger's to choose; so that counts by service and response code stay right. If that is as many again,
 * under `other` in all labels.
 */
export abstract class SeriesTable<T> {
  private known: Map<string, T> = new Map<string, T>();

  constructor(private maxSeries: i32) {}

  protected abstract make(values: string[]): T;

  of(description: Description): T {
    const values = description.shown();
    const key = values.join("\n");
    if (this.known.has(key)) return this.known.get(key);
    if (this.known.size < this.maxSeries) return this.add(key, values);

    const peer = description.isSource ? DESTINATION : SOURCE;
    hideBehindOther(values, peer, peer + WORKLOAD_LABELS);
    const withoutPeer = values.join("\n");
    if (this.known.has(withoutPeer)) return this.known.get(withoutPeer);
    if (this.known.size < this.maxSeries << 1) return this.add(withoutPeer, values);

    hideBehindOther(values, 0, values.length);
    const withoutAll = values.join("\n");
    return this.known.has(withoutAll) ? this.known.get(withoutAll) : this.add(withoutAll, values);
  }

  private add(key: string, values: string[]): T {
    const series = this.make(values);
    this.known.set(key, series);
    return series;
  }
}

/** Labels that are not shown stay so. */
function hideBehindOther(values: string[], from: i32, to: i32): void {
  for (let index = from; index < to; index++) if (values[index].length > 0) values[index] = OTHER;
}

/** How many members a family may have: the table has the last word. */
function most(maxSeries: i32): u32 {
  return <u32>(maxSeries << 1) + 1;
}

export class RequestTable extends SeriesTable<RequestSeries> {
  private total: MetricFamily<Counter>;
  private duration: MetricFamily<Histogram>;
  private requestBytes: MetricFamily<Histogram>;
  private responseBytes: MetricFamily<Histogram>;

  constructor(maxSeries: i32) {
    super(maxSeries);
    // Literals here, of which the build makes `stats_tags`.
    this.total = new MetricFamily<Counter>("istio_requests_total", [
      "reporter",
      "source_workload", "source_workload_namespace", "source_principal", "source_app", "source_version", "source_canonical_service",
      "source_canonical_revision", "source_cluster",
      "destination_workload", "destination_workload_namespace", "destination_principal", "destination_app", "destination_version",
      "destination_canonical_service", "destination_canonical_revision", "destination_cluster",
      "destination_service", "destination_service_name", "destination_service_namespace",
      "request_protocol", "response_flags", "connection_security_policy",
      "response_code", "grpc_response_status",
    ], most(maxSeries));
    this.duration = new MetricFamily<Histogram>("istio_request_duration_milliseconds", LABELS, most(maxSeries));
    this.requestBytes = new MetricFamily<Histogram>("istio_request_bytes", LABELS, most(maxSeries));
    this.responseBytes = new MetricFamily<Histogram>("istio_response_bytes", LABELS, most(maxSeries));
  }

  protected make(values: string[]): RequestSeries {
    return new RequestSeries(this.total.with(values), this.duration.with(values), this.requestBytes.with(values), this.responseBytes.with(values));
  }
}

export class MessageTable extends SeriesTable<MessageSeries> {
  private requests: MetricFamily<Counter>;
  private responses: MetricFamily<Counter>;

  constructor(maxSeries: i32) {
    super(maxSeries);
    const labels = LABELS.slice(0, MESSAGE_LABELS);
    this.requests = new MetricFamily<Counter>("istio_request_messages_total", labels, most(maxSeries));
    this.responses = new MetricFamily<Counter>("istio_response_messages_total", labels, most(maxSeries));
  }

  protected make(values: string[]): MessageSeries {
    return new MessageSeries(this.requests.with(values), this.responses.with(values));
  }
}

export class ConnectionTable extends SeriesTable<ConnectionSeries> {
  private opened: MetricFamily<Counter>;
  private closed: MetricFamily<Counter>;
  private sent: MetricFamily<Counter>;
  private received: MetricFamily<Counter>;

  constructor(maxSeries: i32) {
    super(maxSeries);
    const labels = LABELS.slice(0, TCP_LABELS);
    this.opened = new MetricFamily<Counter>("istio_tcp_connections_opened_total", labels, most(maxSeries));
    this.closed = new MetricFamily<Counter>("istio_tcp_connections_closed_total", labels, most(maxSeries));
    this.sent = new MetricFamily<Counter>("istio_tcp_sent_bytes_total", labels, most(maxSeries));
    this.received = new MetricFamily<Counter>("istio_tcp_received_bytes_total", labels, most(maxSeries));
  }

  protected make(values: string[]): ConnectionSeries {
    return new ConnectionSeries(this.opened.with(values), this.closed.with(values), this.sent.with(values), this.received.with(values));
  }
}
