// What filters import: `@heddle/wasm-sdk/assembly`.
export { Configuration } from "./configuration";
export { Context, ContextKind } from "./context";
export { HeaderPairs } from "./header-pairs";
export { Header, Headers } from "./headers";
export { HttpContext } from "./http-context";
export { log, LogLevel } from "./log";
export { Reply } from "./reply";
export { BodyResult, HeadersResult, TrailersResult } from "./results";
export { RootContext } from "./root-context";
export { bytesOf, equals, text, utf8 } from "./text";
