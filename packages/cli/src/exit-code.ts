/** What the command's exit tells a script. */
export const EXIT = {
  ok: 0,
  /** The work failed, or the input has errors. */
  failed: 1,
  /** The command line itself is wrong (sysexits' EX_USAGE, as istioctl uses it). */
  usage: 64,
  /** The analysis found what it was to fail for (istioctl analyze's code). */
  findings: 79,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error whose message is meant for the user as it is; anything else that is thrown is a defect and shows its stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(message: string, options: { readonly exitCode?: ExitCode; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT.failed;
  }
}
