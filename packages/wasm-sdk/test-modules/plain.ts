// What every module without a proxy around it has: a place to put arguments. The caller pins what it gives.
export function allocate(length: i32): ArrayBuffer {
  return new ArrayBuffer(length);
}

export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  trapped(line);
}

@external("env", "trapped")
declare function trapped(line: u32): void;
