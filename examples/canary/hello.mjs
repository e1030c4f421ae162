// The application: says which version answered.
import { createServer } from 'node:http';

const { PORT, HOST = '127.0.0.1', VERSION } = process.env;

createServer((request, response) => {
  response.setHeader('content-type', 'text/plain');
  response.end(request.url === '/healthz' ? 'ok\n' : `hello from ${VERSION}\n`);
}).listen(Number(PORT), HOST);
