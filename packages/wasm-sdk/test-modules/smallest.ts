import { HeadersResult, HttpContext } from "@heddle/wasm-sdk/assembly";

export class Smallest extends HttpContext {
  onResponseHeaders(endOfStream: bool): HeadersResult {
    this.responseHeaders.set("x-filter", "smallest");
    return HeadersResult.Continue;
  }
}
