import { proxy_get_buffer_bytes } from "./hostcalls";
import { given, OUT } from "./memory";
import { emptyBytes, text } from "./text";

/** A plugin's configuration, or that of the machine it runs in. */
export class Configuration {
  constructor(readonly bytes: ArrayBuffer) {}

  get text(): string {
    return text(this.bytes);
  }

  get isEmpty(): bool {
    return this.bytes.byteLength == 0;
  }
}

export function readConfiguration(buffer: u32, size: u32): Configuration {
  const status = proxy_get_buffer_bytes(buffer, 0, size, OUT, OUT + 4);
  return new Configuration(status == 0 ? given() : emptyBytes());
}
