import { proxy_get_log_level, proxy_log } from "./hostcalls";
import { epoch, OUT } from "./memory";
import { utf8 } from "./text";

/** How much a line matters. */
export enum LogLevel {
  Trace,
  Debug,
  Info,
  Warn,
  Error,
  Critical,
}

/** Callbacks after which the host's level is asked again: it may be changed while a filter runs. */
const LEVEL_LIFETIME: u32 = 256;

let level: u32 = 0;
let levelEpoch: u32 = 0;
let isLevelKnown = false;

/**
 * Lines for the host's log. As statements, `log.debug(…)` and its kin are compiled such that their argument is made only if the line will be
 * logged: `log.debug("path " + path)` costs a comparison where debugging is off.
 */
export abstract class log {
  /** Whether lines of this level are logged. */
  static isEnabled(wanted: LogLevel): bool {
    if (!isLevelKnown || epoch - levelEpoch > LEVEL_LIFETIME) {
      isLevelKnown = proxy_get_log_level(OUT) == 0;
      level = isLevelKnown ? load<u32>(OUT) : 0;
      levelEpoch = epoch;
    }
    return <u32>wanted >= level;
  }

  // What the compiled statements ask: see the transform.
  static wants_trace(): bool { return log.isEnabled(LogLevel.Trace); }
  static wants_debug(): bool { return log.isEnabled(LogLevel.Debug); }
  static wants_info(): bool { return log.isEnabled(LogLevel.Info); }
  static wants_warn(): bool { return log.isEnabled(LogLevel.Warn); }

  static write(level: LogLevel, message: string): void {
    const bytes = utf8(message);
    proxy_log(level, changetype<usize>(bytes), bytes.byteLength);
  }

  static trace(message: string): void { log.write(LogLevel.Trace, message); }
  static debug(message: string): void { log.write(LogLevel.Debug, message); }
  static info(message: string): void { log.write(LogLevel.Info, message); }
  static warn(message: string): void { log.write(LogLevel.Warn, message); }
  static error(message: string): void { log.write(LogLevel.Error, message); }
  static critical(message: string): void { log.write(LogLevel.Critical, message); }
}
