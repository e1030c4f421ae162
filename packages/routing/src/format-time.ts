const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const SPECIFIER = /%(?:E([0-9*]?)S|([1-9]?)f|([1-9]?)s|([a-zA-Z%]))/g;

/**
 * Compiles a time format of Envoy's `%START_TIME(FORMAT)%`: strftime in UTC with `%f`, `%3f` (fraction of the second), `%s`, `%3s` (since
 * the epoch) and `%E3S` (seconds with fraction) as Envoy adds them.
 *
 * @returns a function of milliseconds since the epoch, which may be fractional
 */
export function compileTimeFormat(format: string): (epochMs: number) => string {
  if (format === '') return (epochMs) => new Date(epochMs).toISOString();
  return (epochMs) => {
    const date = new Date(epochMs);
    const fraction = fractionDigits(epochMs);
    return format.replace(SPECIFIER, (_, width?: string, f?: string, s?: string, letter?: string) => {
      if (letter !== undefined) return strftime(date, letter);
      const seconds = pad(date.getUTCSeconds(), 2);
      if (width !== undefined) {
        if (width === '*') return `${seconds}.${fraction.replace(/0+$/, '')}`.replace(/\.$/, '');
        return width === '' || width === '0' ? seconds : `${seconds}.${fraction.slice(0, Number(width))}`;
      }
      if (f !== undefined) return fraction.slice(0, f === '' ? 9 : Number(f));
      const epoch = String(Math.floor(epochMs / 1000));
      return s === undefined || s === '' ? epoch : epoch + fraction.slice(0, Number(s));
    });
  };
}

/** Nine digits of the fraction of the second. */
function fractionDigits(epochMs: number): string {
  const ms = epochMs - Math.floor(epochMs / 1000) * 1000;
  return pad(Math.min(Math.floor(ms * 1e6), 999_999_999), 9);
}

function strftime(date: Date, letter: string): string {
  switch (letter) {
    case 'Y':
      return String(date.getUTCFullYear());
    case 'y':
      return pad(date.getUTCFullYear() % 100, 2);
    case 'm':
      return pad(date.getUTCMonth() + 1, 2);
    case 'd':
      return pad(date.getUTCDate(), 2);
    case 'e':
      return String(date.getUTCDate()).padStart(2);
    case 'H':
      return pad(date.getUTCHours(), 2);
    case 'I':
      return pad(date.getUTCHours() % 12 || 12, 2);
    case 'p':
      return date.getUTCHours() < 12 ? 'AM' : 'PM';
    case 'M':
      return pad(date.getUTCMinutes(), 2);
    case 'S':
      return pad(date.getUTCSeconds(), 2);
    case 'F':
      return `${strftime(date, 'Y')}-${strftime(date, 'm')}-${strftime(date, 'd')}`;
    case 'T':
      return `${strftime(date, 'R')}:${strftime(date, 'S')}`;
    case 'R':
      return `${strftime(date, 'H')}:${strftime(date, 'M')}`;
    case 'D':
      return `${strftime(date, 'm')}/${strftime(date, 'd')}/${strftime(date, 'y')}`;
    case 'a':
      return (DAYS[date.getUTCDay()] ?? '').slice(0, 3);
    case 'A':
      return DAYS[date.getUTCDay()] ?? '';
    case 'b':
    case 'h':
      return (MONTHS[date.getUTCMonth()] ?? '').slice(0, 3);
    case 'B':
      return MONTHS[date.getUTCMonth()] ?? '';
    case 'j':
      return pad(Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1, 3);
    case 'z':
      return '+0000';
    case 'Z':
      return 'UTC';
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case '%':
      return '%';
    default:
      return `%${letter}`;
  }
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
