import { propertyAt } from "@heddle/wasm-sdk/assembly";
import { decodeBase64, encodeBase64 } from "@heddle/wasm-sdk/assembly/base64";
import { toText } from "@heddle/wasm-sdk/assembly/bytes";
import { ProtoReader, ProtoWriter } from "@heddle/wasm-sdk/assembly/protobuf";
import { Settings } from "@heddle/wasm-sdk/assembly/settings";

export const UNKNOWN: string = "unknown";

/** The canonical revision of what has none. */
export const LATEST: string = "latest";

/** Longest value of a label, as long as a DNS name may be; what peers send beyond it is cut off. */
const LONGEST: i32 = 253;

/** Longest header in which a peer may say who it is, in base64. */
const LONGEST_HEADER: i32 = 8192;

const CANONICAL_NAME: string = "service.istio.io/canonical-name";
const CANONICAL_REVISION: string = "service.istio.io/canonical-revision";

/** Who one side of a request is. What is not known is empty. */
export class Workload {
  name: string = "";
  namespace: string = "";
  app: string = "";
  version: string = "";
  canonicalService: string = "";
  canonicalRevision: string = "";
  cluster: string = "";

  /** From the setting `workload`. */
  static read(settings: Settings | null): Workload {
    const workload = new Workload();
    if (settings === null) return workload;
    workload.name = settings.text("name");
    workload.namespace = settings.text("namespace");
    workload.app = settings.text("app");
    workload.version = settings.text("version");
    workload.canonicalService = settings.text("canonicalService");
    workload.canonicalRevision = settings.text("canonicalRevision");
    workload.cluster = settings.text("cluster");
    settings.refuseOthers();
    return workload;
  }

  /** What was configured, and of what was not, what the proxy's node metadata say, in Istio's keys. */
  withNode(): Workload {
    const whole = new Workload();
    whole.name = this.name.length > 0 ? this.name : nodeText(["WORKLOAD_NAME"]);
    whole.namespace = this.namespace.length > 0 ? this.namespace : nodeText(["NAMESPACE"]);
    whole.app = this.app.length > 0 ? this.app : nodeText(["LABELS", "app"]);
    whole.version = this.version.length > 0 ? this.version : nodeText(["LABELS", "version"]);
    whole.canonicalService = this.canonicalService.length > 0 ? this.canonicalService : nodeText(["LABELS", CANONICAL_NAME]);
    whole.canonicalRevision = this.canonicalRevision.length > 0 ? this.canonicalRevision : nodeText(["LABELS", CANONICAL_REVISION]);
    whole.cluster = this.cluster.length > 0 ? this.cluster : nodeText(["CLUSTER_ID"]);
    whole.complete();
    return whole;
  }

  /** What a peer said in `x-envoy-peer-metadata`; null if it is not that. */
  static decode(header: string): Workload | null {
    if (header.length > LONGEST_HEADER) return null;
    // Padding may be missing, as Istio's proxies take it.
    const bytes = decodeBase64<string>(header + "=".repeat(-header.length & 3));
    if (bytes === null) return null;
    const workload = new Workload();
    const reader = ProtoReader.of<ArrayBuffer>(bytes);
    while (reader.next()) if (reader.field == 1) workload.take(reader.message, false);
    if (reader.failed || workload.name.length + workload.namespace.length + workload.app.length + workload.canonicalService.length == 0) return null;
    workload.complete();
    return workload;
  }

  /** What to tell peers: `google.protobuf.Struct` in base64, with the keys of Istio's own proxies. */
  encode(): string {
    const labels = new ProtoWriter();
    entry(labels, "app", this.app);
    entry(labels, "version", this.version);
    entry(labels, CANONICAL_NAME, this.canonicalService);
    entry(labels, CANONICAL_REVISION, this.canonicalRevision);
    const struct = new ProtoWriter();
    entry(struct, "WORKLOAD_NAME", this.name);
    entry(struct, "NAMESPACE", this.namespace);
    entry(struct, "CLUSTER_ID", this.cluster);
    struct.message(1, new ProtoWriter().bytes<string>(1, "LABELS").message(2, new ProtoWriter().message(5, labels)));
    return encodeBase64<ArrayBuffer>(struct.toBytes());
  }

  /** One entry of a Struct's map: key 1, value 2, of which 3 is a string and 5 a Struct. */
  private take(reader: ProtoReader, isLabel: bool): void {
    let key = "";
    let value = "";
    let inner: ProtoReader | null = null;
    while (reader.next()) {
      if (reader.field == 1) key = reader.text;
      else if (reader.field == 2) {
        const values = reader.message;
        while (values.next()) {
          if (values.field == 3) value = values.text;
          else if (values.field == 5) inner = values.message;
        }
      }
    }
    if (!isLabel) {
      if (key == "WORKLOAD_NAME") this.name = tidied(value);
      else if (key == "NAMESPACE") this.namespace = tidied(value);
      else if (key == "CLUSTER_ID") this.cluster = tidied(value);
      else if (key == "LABELS" && inner !== null) {
        while (inner.next()) if (inner.field == 1) this.take(inner.message, true);
      }
      return;
    }
    if (key == "app") this.app = tidied(value);
    else if (key == "version") this.version = tidied(value);
    else if (key == CANONICAL_NAME) this.canonicalService = tidied(value);
    else if (key == CANONICAL_REVISION) this.canonicalRevision = tidied(value);
  }

  /** What Istio takes for what is not said: the canonical service is the app, else the workload; its revision the version, else `latest`. */
  private complete(): void {
    if (this.canonicalService.length == 0) this.canonicalService = this.app.length > 0 ? this.app : this.name;
    if (this.canonicalRevision.length == 0) this.canonicalRevision = this.version.length > 0 ? this.version : LATEST;
  }
}

function nodeText(path: string[]): string {
  const bytes = propertyAt(["xds", "node", "metadata"].concat(path));
  return bytes === null ? "" : tidied(toText(bytes));
}

/** A value from outside as it may stand in a label: not too long, and without control characters, by which tables tell values apart. */
export function tidied(value: string): string {
  const length = min(value.length, LONGEST);
  let tidy = "";
  let from = 0;
  for (let index = 0; index < length; index++) {
    const unit = value.charCodeAt(index);
    if (unit >= 0x20 && unit != 0x7f) continue;
    tidy += value.substring(from, index) + "_";
    from = index + 1;
  }
  return from == 0 && length == value.length ? value : tidy + value.substring(from, length);
}

/** The namespace in an identity of the mesh, `spiffe://DOMAIN/ns/NAMESPACE/sa/ACCOUNT`; empty for others. */
export function namespaceOf(principal: string): string {
  if (!principal.startsWith("spiffe://")) return "";
  const start = principal.indexOf("/ns/");
  if (start < 0) return "";
  const end = principal.indexOf("/", start + 4);
  return end < 0 ? "" : principal.substring(start + 4, end);
}

function entry(struct: ProtoWriter, key: string, value: string): void {
  if (value.length == 0) return;
  struct.message(1, new ProtoWriter().bytes<string>(1, key).message(2, new ProtoWriter().bytes<string>(3, value)));
}
