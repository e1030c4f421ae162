// Somebody else's server, outside the mesh: node services/news.ts
import process from 'node:process';
import { serve } from './serve.ts';

process.env['PORT'] ??= '7777';
process.env['HOST'] ??= '127.0.0.1';
process.stdout.write('news: http://127.0.0.1:7777\n');
serve((request) => ({ status: 200, text: `News of today, for ${request.headers.host ?? 'nobody'}` }));
