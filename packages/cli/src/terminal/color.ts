import process from 'node:process';

/** Whether a stream shows colours: a terminal that has them, and nobody who asked for none (https://no-color.org). */
export function hasColor(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && stream.hasColors();
}
