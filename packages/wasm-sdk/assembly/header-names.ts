import { Settings } from "./settings";

/**
 * Reads the name of a header from a configuration, in lower case; empty if it is not there. Written out for ASCII: `toLowerCase` brings along
 * all of Unicode's tables.
 */
export function readHeaderName(settings: Settings, field: string): string {
  const text = settings.text(field);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    let unit = text.charCodeAt(index);
    if (!isTokenCharacter(unit)) {
      settings.refuse(field, "wanted the name of a header");
      return "";
    }
    if (unit >= 0x41 && unit <= 0x5a) unit |= 0x20;
    bytes[index] = <u8>unit;
  }
  return String.UTF8.decode(bytes.buffer);
}

/** RFC 9110, section 5.6.2. */
function isTokenCharacter(unit: i32): bool {
  if (unit >= 0x61 && unit <= 0x7a) return true;
  if (unit >= 0x41 && unit <= 0x5a) return true;
  if (unit >= 0x30 && unit <= 0x39) return true;
  switch (unit) {
    case 0x21: case 0x23: case 0x24: case 0x25: case 0x26: case 0x27: case 0x2a: case 0x2b: case 0x2d: case 0x2e: case 0x5e: case 0x5f:
    case 0x60: case 0x7c: case 0x7e: return true;
    default: return false;
  }
}
