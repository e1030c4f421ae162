import { Configuration } from "./configuration";
import { Context, ContextKind } from "./context";
import { HttpContext } from "./http-context";

/**
 * A plugin: holds what was made of its configuration, and makes a context for each stream. A filter's entry file exports one class of this
 * kind; with several, the plugin's `root_id` is the name of the class.
 */
export abstract class RootContext extends Context {
  constructor() {
    super(ContextKind.Root);
  }

  /** The machine starts, which other plugins may share. Answer false to refuse. */
  onStart(configuration: Configuration): bool {
    return true;
  }

  /** The plugin is configured. Answer false to refuse, with the reason in the log. May be called again. */
  onConfigure(configuration: Configuration): bool {
    return true;
  }

  /** A request begins. */
  createHttpContext(): HttpContext | null {
    return null;
  }
}
