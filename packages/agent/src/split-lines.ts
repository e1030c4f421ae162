/** A line that is longer than this is cut into several: a process must not fill our memory with one. */
const MAX_LINE_LENGTH = 65_536;

/**
 * Makes a function that takes text in any pieces and hands on whole lines, without their ends; calling it without text hands on
 * what is left. Empty lines are dropped.
 */
export function splitLines(onLine: (line: string) => void): (chunk?: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + (chunk ?? '\n')).split('\n');
    rest = lines.pop() ?? '';
    while (rest.length > MAX_LINE_LENGTH) {
      lines.push(rest.slice(0, MAX_LINE_LENGTH));
      rest = rest.slice(MAX_LINE_LENGTH);
    }
    for (const line of lines) {
      const text = line.endsWith('\r') ? line.slice(0, -1) : line;
      if (text !== '') onLine(text);
    }
  };
}
