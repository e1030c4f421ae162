let text = '';
let second = -1;

/** The current time as a `date` header (RFC 9110 section 5.6.7); made anew once a second. */
export function dateHeader(now: number): string {
  const current = Math.floor(now / 1000);
  if (current !== second) {
    second = current;
    text = new Date(current * 1000).toUTCString();
  }
  return text;
}
