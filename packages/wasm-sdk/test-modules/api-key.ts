import { Configuration, emptyBytes, equals, HeadersResult, HttpContext, log, RootContext } from "@heddle/wasm-sdk/assembly";

export class ApiKey extends RootContext {
  key: ArrayBuffer = emptyBytes();

  onConfigure(configuration: Configuration): bool {
    if (configuration.isEmpty) {
      log.error("no key is configured");
      return false;
    }
    this.key = configuration.bytes;
    return true;
  }

  createHttpContext(): HttpContext {
    return new Request(this);
  }
}

class Request extends HttpContext {
  constructor(private plugin: ApiKey) {
    super();
  }

  onRequestHeaders(endOfStream: bool): HeadersResult {
    const key = this.requestHeaders.getBytes("x-api-key");
    if (key === null || !equals(key, this.plugin.key)) {
      this.reply(401, "a key is wanted\n", "no_key");
      return HeadersResult.Pause;
    }
    this.requestHeaders.add("x-key", "right");
    return HeadersResult.Continue;
  }
}
