// The shop's web front. It asks the other services by their names; what becomes of each request is the mesh's business.
import { askStock } from './inventory-client.ts';
import { type Answer, call, handedOn, podName, serve } from './serve.ts';

serve(async (request, url): Promise<Answer> => {
  const headers = handedOn(request);
  const [, area, id = ''] = url.pathname.split('/');
  switch (area) {
    case '':
      return page(await call('http://catalogue:9080/books', headers));
    case 'books':
      return book(id, headers);
    case 'reviews':
      return relay(await call(`http://reviews:9080${url.pathname.slice('/reviews'.length)}`, headers));
    case 'break':
      return request.method === 'POST'
        ? relay(await call('http://catalogue:9080/break', headers, 'POST'))
        : { status: 405, text: 'POST breaks a pod of the catalogue' };
    case 'news':
      return relay(await call('http://news.example/today', headers));
    default:
      return { status: 404, text: 'no such page' };
  }
});

async function book(id: string, headers: Record<string, string>): Promise<Answer> {
  const [catalogue, reviews, stock] = await Promise.all([
    call(`http://catalogue:9080/books/${id}`, headers),
    call(`http://reviews:9080/reviews/${id}`, headers),
    askStock(id),
  ]);
  if (catalogue.status !== 200) return relay(catalogue);
  const said = reviews.status === 200 ? reviews.text : `no reviews: ${describe(reviews)}`;
  return { status: 200, text: `${catalogue.text}\n${said}\nin stock: ${stock}` };
}

function page(catalogue: Answer): Answer {
  if (catalogue.status !== 200) return relay(catalogue);
  const items = catalogue.text.split('\n').map((line) => {
    const [id = '', ...title] = line.split(' ');
    return `<li><a href="/books/${escapeHtml(id)}">${escapeHtml(title.join(' '))}</a></li>`;
  });
  const text = `<!DOCTYPE html><title>Bookshop</title><h1>Bookshop</h1><ul>${items.join('')}</ul><p>served by ${escapeHtml(podName)}</p>`;
  return { status: 200, text, type: 'text/html' };
}

/** Another service's answer as our own; a call that got none is our 502. */
function relay(answer: Answer): Answer {
  return answer.status === 200 ? answer : { status: answer.status || 502, text: describe(answer) };
}

function describe({ status, text }: Answer): string {
  return status === 0 ? text : `${status} ${text}`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
