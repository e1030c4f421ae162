import * as sdk from "@heddle/wasm-sdk/assembly";

/** A class between the SDK's and the filter's, in another file, by another name of the SDK's. */
export abstract class Base extends sdk.RootContext {}
