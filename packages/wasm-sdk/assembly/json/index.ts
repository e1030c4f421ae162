export { Json, JsonKind } from "./json";
export { JsonWriter } from "./writer";
