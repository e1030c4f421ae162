// What is told of plugins beside requests, and what they declare: the plugin's configuration says which.
import {
  ClosedBy,
  Configuration,
  declareProperty,
  Expression,
  HeadersResult,
  HttpContext,
  LifeSpan,
  log,
  PropertyType,
  RootContext,
  TcpContext,
  TcpResult,
  text,
} from "@heddle/wasm-sdk/assembly";

/** Requests only. */
export class Requests extends RootContext {
  expression: Expression | null = null;

  onConfigure(configuration: Configuration): bool {
    const words = configuration.text.split(" ");
    if (words[0] == "refuse") return false;
    // declare NAME TYPE SPAN READONLY
    if (words[0] == "declare") {
      const isDeclared = declareProperty(words[1], <PropertyType>parseInt(words[2]), <LifeSpan>parseInt(words[3]), words[4] == "true");
      log.info("declared " + isDeclared.toString());
    }
    if (words[0] == "expression") this.expression = Expression.compile(configuration.text.substring(11));
    return true;
  }

  createHttpContext(): HttpContext {
    return new Request(this);
  }

  onForeignFunction(functionId: u32, argument: ArrayBuffer): void {
    log.info("function " + functionId.toString() + " " + text(argument));
  }

  onDone(): bool {
    log.info("plugin done");
    return true;
  }
}

class Request extends HttpContext {
  constructor(private plugin: Requests) { super(); }

  onRequestHeaders(endOfStream: bool): HeadersResult {
    const value = this.requestHeaders.get("x-color");
    if (value !== null) {
      const first = this.setProperty("color", value);
      this.requestHeaders.set("x-set", first.toString() + " " + this.setProperty("color", value + "er").toString());
    }
    const expression = this.plugin.expression;
    if (expression !== null) {
      const found = expression.text();
      this.requestHeaders.set("x-value", expression.isTrue ? "true" : found === null ? "none" : found);
      if (this.requestHeaders.get("x-forget") !== null) expression.delete();
    }
    return HeadersResult.Continue;
  }

  onLog(): void {
    log.info("request log");
  }

  onDone(): void {
    log.info("request done");
  }
}

/** Connections only. */
export class Connections extends RootContext {
  createTcpContext(): TcpContext {
    return new Connection();
  }
}

class Connection extends TcpContext {
  onNewConnection(): TcpResult {
    log.info("connected");
    return TcpResult.Continue;
  }

  onUpstreamClose(by: ClosedBy): void {
    log.info("upstream closed");
  }

  onDone(): void {
    log.info("connection done");
  }
}
