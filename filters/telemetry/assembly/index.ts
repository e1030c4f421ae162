import { Configuration, HttpContext, RootContext, TcpContext } from "@heddle/wasm-sdk/assembly";
import { Connection } from "./connection";
import { Plugin } from "./plugin";
import { Request } from "./request";
import { TelemetrySettings } from "./settings";

/** The plugin: Istio's standard metrics of requests and of connections, by the kind of listener it stands in. */
export class TelemetryFilter extends RootContext {
  private plugin: Plugin | null = null;

  onConfigure(configuration: Configuration): bool {
    const settings = TelemetrySettings.read(configuration);
    this.plugin = settings === null ? null : new Plugin(settings);
    return settings !== null;
  }

  createHttpContext(): HttpContext | null {
    const plugin = this.plugin;
    return plugin === null ? null : new Request(plugin);
  }

  createTcpContext(): TcpContext | null {
    const plugin = this.plugin;
    return plugin === null ? null : new Connection(plugin);
  }
}
