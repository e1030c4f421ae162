import { proxy_log } from "./hostcalls";

/**
 * What the compiler calls when a filter fails (`--use abort=…`): the reason with file and line goes to the host's log, then the module traps.
 * It may run before any global has its value, so it uses none, and it allocates nothing: the reason may be that no memory is left.
 */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const start = memory.data(512);
  let at = write(start, start + 240, message);
  store<u16>(at, 0x2820); // " ("
  at = write(at + 2, start + 484, file);
  at = writeNumber(at, line);
  at = writeNumber(at, column);
  store<u8>(at, 0x29); // ")"
  proxy_log(5, start, at + 1 - start);
  unreachable();
}

/** Writes what fits, as ASCII; a question mark for what is not, and for what there is not. */
function write(at: usize, end: usize, text: string | null): usize {
  const length = text === null ? 1 : text.length;
  for (let index = 0; index < length && at < end; index++, at++) {
    const unit: u32 = text === null ? 0x3f : load<u16>(changetype<usize>(text) + (index << 1));
    store<u8>(at, unit < 0x80 ? unit : 0x3f);
  }
  return at;
}

/** Writes a colon and a number in decimal. */
function writeNumber(at: usize, value: u32): usize {
  store<u8>(at++, 0x3a);
  let unit: u32 = 1;
  while (value / unit >= 10) unit *= 10;
  for (; unit > 0; unit /= 10, at++) store<u8>(at, 0x30 + ((value / unit) % 10));
  return at;
}
