/**
 * The process that stands for a container's image when nobody named a command for it: nginx's welcome page for nginx, otherwise a
 * line that says which pod answered. Started with PORT, HOST, HEDDLE_IMAGE, HEDDLE_POD, HEDDLE_NAMESPACE and HEDDLE_LABELS (JSON) in
 * its environment; it ends with its parent, whose channel closes.
 */
import { createServer } from 'node:http';
import process from 'node:process';

const {
  PORT = '0',
  HOST = '127.0.0.1',
  HEDDLE_IMAGE = '',
  HEDDLE_POD = '',
  HEDDLE_NAMESPACE = '',
  HEDDLE_LABELS = '{}',
} = process.env;
const labels = Object.entries(JSON.parse(HEDDLE_LABELS) as Record<string, string>)
  .map(([key, value]) => `${key}=${value}`)
  .join(' ');
const isNginx = process.argv.includes('--nginx');

const welcomePage = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Welcome to nginx!</title>
<style>body { font-family: sans-serif; max-width: 40em; margin: 4em auto; padding: 0 1em; line-height: 1.5 }</style>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>This page comes from a stand-in for the image <code>${escapeHtml(HEDDLE_IMAGE)}</code>: <code>heddle dev</code> started it because
no nginx is installed here. Your request reached it through the mesh.</p>
<p>Pod <code>${escapeHtml(HEDDLE_NAMESPACE)}/${escapeHtml(HEDDLE_POD)}</code>, labels <code>${escapeHtml(labels)}</code>.</p>
</body>
</html>
`;

const server = createServer((request, response) => {
  request.resume();
  response.setHeader('server', 'heddle-stand-in');
  if (isNginx) {
    const found = request.url === '/' || request.url === '/index.html';
    response.writeHead(found ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' });
    response.end(
      found ? welcomePage : '<html><head><title>404 Not Found</title></head><body>404 Not Found</body></html>\n',
    );
    return;
  }
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(
    `stand-in for ${HEDDLE_IMAGE}: ${HEDDLE_NAMESPACE}/${HEDDLE_POD} ${labels} ${request.method} ${request.url}\n`,
  );
});

server.listen(Number(PORT), HOST);
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
