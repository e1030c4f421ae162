import { proxy_log } from "./hostcalls";

/**
 * What the compiler calls when a filter fails (`--use abort=…`): the reason with file and line goes to the host's log, then the module traps.
 * It may run before any global has its value, so it uses none, and it allocates nothing: the reason may be that no memory is left.
 */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const start = memory.data(512);
  let at = start;
  at = write(at, start + 240, message === null ? "failed" : message);
  at = write(at, start + 244, " (");
  at = write(at, start + 484, file === null ? "?" : file);
  at = write(at, start + 486, ":");
  at = writeNumber(at, line);
  at = write(at, start + 498, ":");
  at = writeNumber(at, column);
  at = write(at, start + 512, ")");
  proxy_log(5, start, at - start);
  unreachable();
}

/** Writes what fits, as ASCII. */
function write(at: usize, end: usize, text: string): usize {
  for (let index = 0; index < text.length && at < end; index++, at++) {
    const unit = load<u16>(changetype<usize>(text) + (index << 1));
    store<u8>(at, unit < 0x80 ? unit : 0x3f);
  }
  return at;
}

function writeNumber(at: usize, value: u32): usize {
  let unit: u32 = 1;
  while (value / unit >= 10) unit *= 10;
  for (; unit > 0; unit /= 10, at++) store<u8>(at, 0x30 + ((value / unit) % 10));
  return at;
}
