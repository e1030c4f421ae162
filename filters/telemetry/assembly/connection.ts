import { TcpContext, TcpResult } from "@heddle/wasm-sdk/assembly";
import { Description, reportsAsSource } from "./describe";
import { Plugin } from "./plugin";
import { ConnectionSeries } from "./series";

/** A connection. Its labels are those at its first byte, in all of its metrics; if none passes, those at its end. */
export class Connection extends TcpContext {
  private counted: ConnectionSeries | null = null;

  constructor(private plugin: Plugin) {
    super();
  }

  onDownstreamData(size: u32, endOfStream: bool): TcpResult {
    this.series.received.increment(size);
    return TcpResult.Continue;
  }

  onUpstreamData(size: u32, endOfStream: bool): TcpResult {
    this.series.sent.increment(size);
    return TcpResult.Continue;
  }

  onLog(): void {
    this.series.closed.increment();
  }

  /** Known with the first bytes, not before: only then the proxy has chosen a cluster and spoken to the upstream. */
  private get series(): ConnectionSeries {
    let series = this.counted;
    if (series === null) {
      const plugin = this.plugin;
      const description = new Description(plugin.settings, reportsAsSource(plugin.settings), plugin.own, null, null);
      description.addProtocol("tcp");
      series = plugin.connections.of(description);
      series.opened.increment();
      this.counted = series;
    }
    return series;
  }
}
