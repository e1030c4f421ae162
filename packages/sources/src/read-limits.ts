/** Bounds on what is read, so that no file can hold up or fill up the process. */
export interface ReadLimits {
  /** Bytes of one file; larger files are refused unread. */
  readonly maxFileBytes: number;
  /** Uses of YAML anchors in one document, counted as they multiply. */
  readonly maxAliases: number;
  /** Open brackets and braces at any place of one document. */
  readonly maxFlowDepth: number;
}

/** 4 MB a file, 100 aliases, 200 open brackets: far above what configuration needs. */
export const DEFAULT_READ_LIMITS: ReadLimits = { maxFileBytes: 4 * 1024 * 1024, maxAliases: 100, maxFlowDepth: 200 };
