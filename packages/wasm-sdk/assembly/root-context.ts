import { Configuration } from "./configuration";
import { Context, ContextKind } from "./context";
import { HttpContext } from "./http-context";
import { proxy_done } from "./hostcalls";
import { SharedQueue } from "./shared-queue";
import { TcpContext } from "./tcp-context";

/**
 * A plugin: holds what was made of its configuration, and makes a context for each stream. A filter's entry file exports one class of this
 * kind; with several, the plugin's `root_id` is the name of the class.
 */
export abstract class RootContext extends Context {
  constructor() {
    super(ContextKind.Root);
  }

  /** The machine starts, which other plugins may share. Answer false to refuse. */
  onStart(configuration: Configuration): bool { return true; }
  /**
   * The plugin is configured. Answer false to refuse, with the reason in the log. Envoy does it once on each thread and some more times on
   * trial, so nothing that matters outside is to be done here.
   */
  onConfigure(configuration: Configuration): bool { return true; }
  /** A request begins. A plugin may make contexts of requests and of connections: it is asked for what the stream is. */
  createHttpContext(): HttpContext | null { return null; }
  /** A client has connected. */
  createTcpContext(): TcpContext | null { return null; }
  /** There may be an item in a queue that this plugin has opened. */
  onQueueReady(queue: SharedQueue): void {}
  /** A function of the host calls back. Envoy has none that does, nor has the gateway: it is for proxies with functions of their own. */
  onForeignFunction(functionId: u32, argument: ArrayBuffer): void {}
  /** The plugin ends. Answer false to go on until {@link finish}. */
  onDone(): bool { return true; }

  /** What `onDone` has put off is done. */
  finish(): void { proxy_done(); }
}
