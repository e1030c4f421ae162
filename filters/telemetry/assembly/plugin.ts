import { properties } from "@heddle/wasm-sdk/assembly";
import { ConnectionTable, MessageTable, RequestTable } from "./series";
import { TelemetrySettings } from "./settings";
import { Workload } from "./workload";

/** Peers that are kept decoded. */
const MOST_PEERS: i32 = 256;

/** What this proxy has counted, who it is, and whom it has met. */
export class Plugin {
  readonly requests: RequestTable;
  readonly messages: MessageTable;
  readonly connections: ConnectionTable;
  private self: Workload | null = null;
  private encoded: string = "";
  private nodeId: string = "";
  private peers: Map<string, Workload> = new Map<string, Workload>();

  constructor(readonly settings: TelemetrySettings) {
    this.requests = new RequestTable(settings.maxSeries);
    this.messages = new MessageTable(settings.maxSeries);
    this.connections = new ConnectionTable(settings.maxSeries);
  }

  /** Asked for with the first stream: not all hosts know their node before. */
  get own(): Workload {
    let self = this.self;
    if (self === null) {
      self = this.settings.workload.withNode();
      this.self = self;
      this.encoded = self.encode();
      const id = properties.text("xds.node.id");
      this.nodeId = id === null || id.length == 0 ? "unknown" : id;
    }
    return self;
  }

  /** What peers are told. */
  get ownHeader(): string {
    this.own;
    return this.encoded;
  }

  get ownId(): string {
    this.own;
    return this.nodeId;
  }

  /** Null if the header says nothing that can be understood. */
  peer(header: string | null): Workload | null {
    if (header === null) return null;
    if (this.peers.has(header)) return this.peers.get(header);
    const peer = Workload.decode(header);
    if (peer === null) return null;
    if (this.peers.size >= MOST_PEERS) this.peers.clear();
    this.peers.set(header, peer);
    return peer;
  }
}
