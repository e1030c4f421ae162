// What the shop sells. It can be asked to make trouble, so that the tour has something to mend:
//   x-trouble: flaky    every second such request is answered with 500
//   x-trouble: slow     the answer takes half a second
//   POST /break         this pod answers 500 from now on
import { setTimeout as sleep } from 'node:timers/promises';
import { books } from './books.ts';
import { type Answer, podName, serve } from './serve.ts';

let broken = false;
let flaky = 0;

serve(async (request, url): Promise<Answer> => {
  if (request.method === 'POST' && url.pathname === '/break') {
    broken = true;
    return { status: 200, text: `${podName} is broken now` };
  }
  if (broken) return { status: 500, text: `${podName} is broken` };
  const trouble = request.headers['x-trouble'];
  if (trouble === 'flaky' && flaky++ % 2 === 0) return { status: 500, text: 'the catalogue is tired' };
  if (trouble === 'slow') await sleep(500);
  if (url.pathname === '/books')
    return { status: 200, text: books.map(({ id, title }) => `${id} ${title}`).join('\n') };
  const book = books.find(({ id }) => url.pathname === `/books/${id}`);
  if (book === undefined) return { status: 404, text: 'no such book' };
  return { status: 200, text: `${book.title}, by ${book.author}` };
});
