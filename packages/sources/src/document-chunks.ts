/** The text of one document (or a few, where `...` ends one) of a YAML stream, with its place. */
export interface DocumentChunk {
  readonly text: string;
  /** 0-based line of the file on which the text begins. */
  readonly line: number;
}

/** A separator that YAML does not know but people paste: four or more dashes. */
export interface LongSeparator {
  /** 0-based line. */
  readonly line: number;
  readonly length: number;
}

export interface SplitText {
  readonly chunks: readonly DocumentChunk[];
  readonly longSeparators: readonly LongSeparator[];
}

/**
 * Splits a YAML stream at its document markers. `---` at the beginning of a line is a marker wherever it stands (YAML 1.2, 9.1.2), so a
 * document can be read, and kept, without its neighbours: one changed document does not cost the others of a file another reading.
 * Lines of four or more dashes count as markers too.
 */
export function splitDocuments(text: string): SplitText {
  const chunks: DocumentChunk[] = [];
  const longSeparators: LongSeparator[] = [];
  let chunkStart = 0;
  let chunkLine = 0;
  let line = 0;
  const finish = (end: number, nextStart: number, nextLine: number): void => {
    const chunk = text.slice(chunkStart, end);
    // Directives (%YAML) belong to the document after the marker.
    if (/^%/m.test(chunk) && !hasContent(chunk)) return;
    if (hasContent(chunk)) chunks.push({ text: chunk, line: chunkLine });
    chunkStart = nextStart;
    chunkLine = nextLine;
  };
  for (let start = 0; start < text.length; line++) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline + 1;
    if (text.startsWith('---', start)) {
      const marker = text.slice(start, end).trimEnd();
      if (/^-{4,}$/.test(marker)) {
        longSeparators.push({ line, length: marker.length });
        finish(start, end, line + 1);
      } else if (/^---(?:\s|$)/.test(marker)) {
        finish(start, start, line);
      }
    }
    start = end;
  }
  finish(text.length, text.length, line);
  return { chunks, longSeparators };
}

/** Whether anything but comments, directives, markers and blank lines is there. */
function hasContent(chunk: string): boolean {
  return /^(?!\s*#)(?!%)(?!(?:---|\.\.\.)\s*(?:#.*)?$)(?=.*\S)/m.test(chunk);
}
