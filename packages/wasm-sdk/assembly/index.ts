// What filters import: `@heddle/wasm-sdk/assembly`.
export { Body } from "./body";
export { Configuration } from "./configuration";
export { Context, ContextKind } from "./context";
export {
  callForeignFunction,
  clearRouteCache,
  compress,
  declareProperty,
  Expression,
  ForeignResult,
  LifeSpan,
  PropertyType,
  setFilterState,
  sign,
  uncompress,
  Verdict,
  verifySignature,
} from "./foreign";
export { grpcCall, GrpcHandler, grpcStream } from "./grpc-call";
export { HeaderPairs } from "./header-pairs";
export { Header, Headers } from "./headers";
export { httpCall, HttpCallHandler, HttpRequest, HttpResponse } from "./http-call";
export { HttpContext, OverLimit } from "./http-context";
export { log, LogLevel } from "./log";
export { Counter, Gauge, Histogram, MetricFamily } from "./metrics";
export {
  connection,
  destination,
  dynamicMetadata,
  filterState,
  node,
  plugin,
  properties,
  property,
  propertyAt,
  request,
  response,
  source,
  upstream,
} from "./properties";
export { Reply } from "./reply";
export { BodyResult, HeadersResult, TrailersResult } from "./results";
export { RootContext } from "./root-context";
export { sharedData, SharedUpdate, SharedValue } from "./shared-data";
export { SharedQueue } from "./shared-queue";
export { ClosedBy, TcpContext, TcpResult } from "./tcp-context";
export { bytesOf, emptyBytes, equals, text, utf8 } from "./text";
export { nowNs, Timer } from "./timer";
