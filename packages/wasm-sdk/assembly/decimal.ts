// From decimal digits to the nearest f64, ties to even, as IEEE 754 and ECMAScript want it: an estimate in floating point, then exact
// comparisons with the two numbers halfway to its neighbours, in integers of up to 160 words. Small beats fast here: no tables.
//
// A large integer:   u32 count of words in use,  count x u32, lowest first
const LARGE_SIZE: i32 = 4 + 160 * 4;
// What decides between two neighbours is within these; one more digit stands for all that follow.
const MAX_DIGITS: i32 = 770;

/** The value of a number written as JSON writes it (a sign, digits, a fraction, an exponent); too large ones are infinite. */
export function decimalValue(start: usize, end: usize): f64 {
  let at = start;
  const isNegative = at < end && load<u8>(at) == 0x2d;
  if (isNegative) at++;
  const digits = at;
  // The value is 0.d1d2d3... x 10^point, from the first digit that is not zero.
  let first: usize = 0;
  let last: usize = 0;
  let point = 0;
  let isFraction = false;
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == 0x2e) {
      isFraction = true;
      continue;
    }
    if (byte - 0x30 >= 10) break;
    if (byte != 0x30) {
      if (first == 0) first = at;
      last = at;
    }
    if (first != 0) {
      if (!isFraction) point++;
    } else if (isFraction) point--;
  }
  if (first == 0) return isNegative ? -0.0 : 0.0;
  if (at < end && (load<u8>(at) | 0x20) == 0x65) point += exponentValue(at + 1, end);
  const value = pow10Digits(first, last, point);
  return isNegative ? -value : value;
}

function exponentValue(at: usize, end: usize): i32 {
  const isNegative = at < end && load<u8>(at) == 0x2d;
  if (isNegative || (at < end && load<u8>(at) == 0x2b)) at++;
  let value = 0;
  for (; at < end && value < 100_000_000; at++) value = value * 10 + (load<u8>(at) - 0x30);
  return isNegative ? -value : value;
}

function pow10Digits(first: usize, last: usize, point: i32): f64 {
  if (point > 310) return Infinity;
  if (point < -326) return 0;
  // The first 19 digits fit a u64.
  let head: u64 = 0;
  let count = 0;
  for (let at = first; at <= last; at++) {
    if (load<u8>(at) == 0x2e) continue;
    if (count < 19) head = head * 10 + (load<u8>(at) - 0x30);
    count++;
  }
  const used = min(count, 19);
  const exponent = point - used;
  if (count <= 19 && head < 1 << 53 && exponent >= -22 && exponent <= 22) {
    // Both are exact, so the one rounding is right.
    return exponent < 0 ? <f64>head / pow10(-exponent) : <f64>head * pow10(exponent);
  }
  let estimate = <f64>head;
  if (exponent >= 0) estimate *= pow10(exponent);
  else {
    const half = -exponent >> 1;
    estimate = estimate / pow10(half) / pow10(-exponent - half);
  }
  let bits = min(reinterpret<u64>(estimate), 0x7fefffffffffffff);
  const kept = min(count, MAX_DIGITS);
  while (bits < 0x7ff0000000000000) {
    const up = compareMiddle(first, last, kept, point, bits);
    if (up > 0 || (up == 0 && (bits & 1) == 1)) {
      bits++;
      continue;
    }
    if (bits == 0 || up == 0) break;
    const down = compareMiddle(first, last, kept, point, bits - 1);
    if (down > 0 || (down == 0 && (bits & 1) == 0)) break;
    bits--;
  }
  return reinterpret<f64>(bits);
}

function pow10(exponent: i32): f64 {
  let result = 1.0;
  let base = 10.0;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result *= base;
    base *= base;
  }
  return result;
}

/** How the digits compare with the number halfway between the f64 of these bits and the next one: negative, 0 or positive. */
function compareMiddle(first: usize, last: usize, kept: i32, point: i32, bits: u64): i32 {
  const left = memory.data(LARGE_SIZE, 4);
  const right = memory.data(LARGE_SIZE, 4);
  store<u32>(left, 0);
  let taken = 0;
  for (let at = first; at <= last && taken < kept; at++) {
    const byte = load<u8>(at);
    if (byte == 0x2e) continue;
    multiply(left, 10, byte - 0x30);
    taken++;
  }
  let exponent = point - taken;
  if (taken == MAX_DIGITS) {
    // The last digit of all is not zero, so there is more than what was taken.
    multiply(left, 10, 1);
    exponent--;
  }
  const fraction = bits & 0xfffffffffffff;
  const power = <i32>(bits >> 52);
  const middle = ((power == 0 ? fraction : fraction | (1 << 52)) << 1) | 1;
  // The middle is `middle` x 2^shift.
  const shift = max(power, 1) - 1076;
  store<u32>(right, 2);
  store<u32>(right, <u32>middle, 4);
  store<u32>(right, <u32>(middle >> 32), 8);
  multiplyPow10(exponent >= 0 ? left : right, abs(exponent));
  shiftLeft(shift >= 0 ? right : left, abs(shift));
  return compare(left, right);
}

function multiplyPow10(number: usize, exponent: i32): void {
  for (; exponent >= 9; exponent -= 9) multiply(number, 1_000_000_000, 0);
  for (; exponent > 0; exponent--) multiply(number, 10, 0);
}

function shiftLeft(number: usize, bits: i32): void {
  for (; bits >= 31; bits -= 31) multiply(number, 1 << 31, 0);
  if (bits > 0) multiply(number, 1 << bits, 0);
}

function multiply(number: usize, factor: u32, add: u32): void {
  let carry = <u64>add;
  const count = load<u32>(number);
  let at = number + 4;
  const end = at + (<usize>count << 2);
  for (; at < end; at += 4) {
    carry += <u64>load<u32>(at) * factor;
    store<u32>(at, <u32>carry);
    carry >>= 32;
  }
  if (carry != 0) {
    store<u32>(at, <u32>carry);
    store<u32>(number, count + 1);
  }
}

function compare(left: usize, right: usize): i32 {
  let index = max(load<u32>(left), load<u32>(right));
  const leftCount = load<u32>(left);
  const rightCount = load<u32>(right);
  for (; index > 0; index--) {
    const a: u32 = index > leftCount ? 0 : load<u32>(left + (index << 2));
    const b: u32 = index > rightCount ? 0 : load<u32>(right + (index << 2));
    if (a != b) return a < b ? -1 : 1;
  }
  return 0;
}
