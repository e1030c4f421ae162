import { formatRef } from '@heddle/model';
import { formatPercent } from './cluster-legs.ts';
import type { Explanation, Forwarded, Leg, Near, Outcome, Place, Step } from './explanation.ts';

/** How a line is to be painted on a terminal; identity without colours. */
export type PaintText = (text: string, tone: 'good' | 'bad' | 'strong' | 'faint') => string;

/** Options of {@link explanationText}. */
export interface ExplanationTextOptions {
  /** Makes text from elsewhere fit for a terminal. */
  readonly printable?: (text: string) => string;
  readonly paint?: PaintText;
}

/**
 * An explanation for people: a paragraph per step, then what becomes of the request.
 *
 *     ✔ route          /cart*  routes.yaml:12:7  VirtualService shop/cart spec.http[0].match[0]
 *                      path begins with "/cart"
 *                      · time limit 2000 ms
 *         not          v2  routes.yaml:18:7: it wants: header x-user is "me"
 */
export function explanationText(explanation: Explanation, options: ExplanationTextOptions = {}): string {
  const { printable = (text) => text, paint = (text) => text } = options;
  const { request, steps, outcome } = explanation;
  const lines = [
    paint(printable(`${request.method} ${request.scheme}://${request.authority}${request.path}`), 'strong'),
    '',
  ];
  for (const step of steps) lines.push(...stepLines(step, printable, paint));
  lines.push('', ...outcomeLines(outcome).map((line) => printable(line)));
  return `${lines.join('\n')}\n`;
}

const WIDTH = 20;
const INDENT = ' '.repeat(WIDTH + 2);

function stepLines(step: Step, printable: (text: string) => string, paint: PaintText): readonly string[] {
  const sign = step.passed ? paint('✔', 'good') : paint('✖', 'bad');
  const head = [step.name, placeText(step.place)].filter((text) => text !== '').join('  ');
  const lines = [`${sign} ${step.step.padEnd(WIDTH)}${printable(head === '' ? step.reason : head)}`];
  if (head !== '' && step.reason !== '') lines.push(`${INDENT}${printable(step.reason)}`);
  for (const note of step.notes) lines.push(`${INDENT}· ${printable(note)}`);
  for (const near of step.near)
    lines.push(paint(`${'    not'.padEnd(WIDTH + 2)}${printable(nearText(near))}`, 'faint'));
  return lines;
}

function nearText({ name, place, reason }: Near): string {
  return `${[name, placeText(place)].filter((text) => text !== '').join('  ')}: ${reason}`;
}

function placeText(place: Place | undefined): string {
  if (place === undefined) return '';
  const position = place.file === undefined ? '' : `${place.file}:${place.line}:${place.column}  `;
  return `${position}${formatRef(place.object)}${place.field === '' ? '' : ` ${place.field}`}`;
}

function outcomeLines(outcome: Outcome): readonly string[] {
  switch (outcome.kind) {
    case 'refused':
      return [`→ refused: ${outcome.reason}`];
    case 'answered': {
      const flag = outcome.flag === '' ? '' : ` (${outcome.flag})`;
      const location = outcome.location === undefined ? '' : `, location: ${outcome.location}`;
      return [`→ answered with ${outcome.status}${flag}${location}: ${outcome.reason}`];
    }
    case 'forwarded':
      return forwardedLines(outcome);
  }
}

function forwardedLines({ protocol, legs, faults }: Forwarded): readonly string[] {
  const lines = legs.map(
    (leg) => `→ ${legs.length === 1 ? '' : `${formatPercent(leg.percent)}: `}${legText(leg, protocol)}`,
  );
  if (faults.delay !== undefined)
    lines.push(`  ${formatPercent(faults.delay.percent)} are delayed by ${faults.delay.ms} ms`);
  if (faults.abort !== undefined) {
    lines.push(`  ${formatPercent(faults.abort.percent)} are answered with ${faults.abort.status} instead (FI)`);
  }
  return lines;
}

function legText(leg: Leg, protocol: Forwarded['protocol']): string {
  switch (leg.leadsTo) {
    case 'no cluster':
    case 'no healthy endpoint':
      return `answered with ${leg.status} (${leg.flag}): "${leg.cluster}" ${leg.leadsTo === 'no cluster' ? 'does not exist' : 'has no healthy endpoint'}`;
    case 'original destination':
      return `passed on to where the caller wanted to go${seen(leg, protocol)}`;
    case 'endpoint': {
      const shown = leg.endpoints.slice(0, 4).map(({ address, port }) => `${address}:${port}`);
      const more = leg.endpoints.length > shown.length ? ` and ${leg.endpoints.length - shown.length} more` : '';
      return `forwarded to ${shown.join(', ')}${more}${seen(leg, protocol)}`;
    }
  }
}

function seen({ authority, path }: Leg, protocol: Forwarded['protocol']): string {
  return protocol === 'tcp' ? ', as bytes' : `, as ${path} for host ${authority ?? 'of the endpoint'}`;
}
