// What readers say, in three versions: v1 without stars, v2 with black stars, v3 with red ones. Stars come from ratings, over gRPC.
import process from 'node:process';
import { askRating } from './ratings-client.ts';
import { type Answer, handedOn, serve } from './serve.ts';

const version = process.env['VERSION'] ?? 'v1';
const texts = ['Could not put it down.', 'A fine yarn.', 'Tightly woven.'];
/** How often each book was asked for. */
const asked = texts.map(() => 0);

serve(async (request, url): Promise<Answer> => {
  const [, area, id] = /^\/(reviews|count)\/(\d{1,3})$/.exec(url.pathname) ?? [];
  const index = Number(id) - 1;
  const text = texts[index];
  if (text === undefined) return { status: 404, text: 'no such book' };
  if (area === 'count')
    return { status: 200, text: `reviews ${version} was asked for book ${id} ${asked[index]} times` };
  asked[index] = (asked[index] ?? 0) + 1;
  return { status: 200, text: `reviews ${version}: ${text}${await stars(index + 1, handedOn(request))}` };
});

async function stars(id: number, headers: Record<string, string>): Promise<string> {
  if (version === 'v1') return '';
  const rating = await askRating(id, headers);
  if (rating.type === 'error') return ` (no stars: ${rating.message})`;
  const text = '★'.repeat(rating.stars) + '☆'.repeat(5 - rating.stars);
  return version === 'v3' ? ` ${text} in red` : ` ${text}`;
}
