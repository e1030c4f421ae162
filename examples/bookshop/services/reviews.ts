// What readers say, in three versions: v1 without stars, v2 with black stars, v3 with red ones. Stars come from ratings, over gRPC.
import process from 'node:process';
import { askRating } from './ratings-client.ts';
import { type Answer, handedOn, serve } from './serve.ts';

const version = process.env['VERSION'] ?? 'v1';
const texts = ['Could not put it down.', 'A fine yarn.', 'Tightly woven.'];
let served = 0;

serve(async (request, url): Promise<Answer> => {
  if (url.pathname === '/count') return { status: 200, text: `reviews ${version} served ${served}` };
  const id = Number(/^\/reviews\/(\d{1,3})$/.exec(url.pathname)?.[1] ?? 0);
  const text = texts[id - 1];
  if (text === undefined) return { status: 404, text: 'no such book' };
  served++;
  return { status: 200, text: `reviews ${version}: ${text}${await stars(id, handedOn(request))}` };
});

async function stars(id: number, headers: Record<string, string>): Promise<string> {
  if (version === 'v1') return '';
  const rating = await askRating(id, headers);
  if (rating.type === 'error') return ` (no stars: ${rating.message})`;
  const text = '★'.repeat(rating.stars) + '☆'.repeat(5 - rating.stars);
  return version === 'v3' ? ` ${text} in red` : ` ${text}`;
}
