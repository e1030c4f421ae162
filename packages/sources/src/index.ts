export { type CodeFrameOptions, codeFrame } from './code-frame.ts';
export type { ConfigSource, SourceState } from './config-source.ts';
export {
  type FileContent,
  type ReadObject,
  type ReadOptions,
  type ReadText,
  readDocuments,
  readDocumentsInSlices,
} from './documents.ts';
export { createMemorySource, type MemorySource, type MemorySourceOptions } from './memory-source.ts';
export { mergeSources, type SnapshotStream, snapshotOf } from './merge-sources.ts';
export { DEFAULT_READ_LIMITS, type ReadLimits } from './read-limits.ts';
