@external("wasi_snapshot_preview1", "random_get")
declare function random_get(at: usize, size: usize): i32;

const WORD: usize = memory.data(8, 8);

/** 64 random bits of the host, which takes them from the machine; never 0. */
export function randomU64(): u64 {
  // A host that has none leaves what was there before: a word that differs from call to call, if no more.
  store<u64>(WORD, load<u64>(WORD) * 6364136223846793005 + 1442695040888963407);
  random_get(WORD, 8);
  const word = load<u64>(WORD);
  return word == 0 ? 1 : word;
}
