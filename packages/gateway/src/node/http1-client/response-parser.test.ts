import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ResponseParser, ResponseSyntaxError } from './response-parser.ts';

/** What a parser told, as text; data pieces are joined, so that cuts do not show. */
function parse(
  bytes: string,
  options: { method?: string; upgrade?: boolean; cuts?: readonly number[]; close?: boolean } = {},
) {
  const events: string[] = [];
  let body = '';
  const parser = new ResponseParser(
    {
      onInformational: (status) => events.push(`interim ${status}`),
      onHead: (status, headers, empty) => events.push(`head ${status} ${headers.join('|')}${empty ? ' empty' : ''}`),
      onData: (chunk) => {
        body += Buffer.from(chunk).toString('latin1');
      },
      onEnd: (trailers) => events.push(`end ${body} ${trailers?.join('|') ?? ''}`.trimEnd()),
      onUpgrade: (headers, rest) => events.push(`upgrade ${headers.join('|')} ${Buffer.from(rest).toString('latin1')}`),
    },
    8192,
  );
  parser.expect(options.method ?? 'GET', options.upgrade ?? false);
  let from = 0;
  const cuts = [...(options.cuts ?? [])].map((cut) => cut % bytes.length).sort((a, b) => a - b);
  for (const cut of [...cuts, bytes.length]) {
    parser.execute(Buffer.from(bytes.slice(from, cut), 'latin1'));
    from = cut;
  }
  if (options.close === true) parser.finish();
  return { events, keepsAlive: parser.keepsAlive };
}

const ok = 'HTTP/1.1 200 OK\r\n';

describe('ResponseParser', () => {
  test.each<[string, string, string[], boolean, { method?: string; close?: boolean }]>([
    ['a length', `${ok}Content-Length: 3\r\n\r\nabc`, ['head 200 content-length|3', 'end abc'], true, {}],
    ['no body', `${ok}Content-Length: 0\r\n\r\n`, ['head 200 content-length|0 empty', 'end'], true, {}],
    [
      'chunks and trailers',
      `${ok}Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA \r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n`,
      ['head 200 transfer-encoding|chunked', 'end abc0123456789 x-t|1'],
      true,
      {},
    ],
    ['until close', `${ok}\r\nabc`, ['head 200 ', 'end abc'], false, { close: true }],
    ['HEAD', `${ok}Content-Length: 9\r\n\r\n`, ['head 200 content-length|9 empty', 'end'], true, { method: 'HEAD' }],
    [
      '304',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n',
      ['head 304 content-length|9 empty', 'end'],
      true,
      {},
    ],
    [
      '204 with a length',
      'HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n',
      ['head 204 content-length|9 empty', 'end'],
      false,
      {},
    ],
    [
      'interim answers',
      `HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n${ok}Content-Length: 1\r\n\r\na`,
      ['interim 103', 'head 200 content-length|1', 'end a'],
      true,
      {},
    ],
    [
      'close',
      `${ok}Connection: x, Close\r\nContent-Length: 0\r\n\r\n`,
      ['head 200 connection|x, Close|content-length|0 empty', 'end'],
      false,
      {},
    ],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', ['head 200 content-length|0 empty', 'end'], false, {}],
    [
      'HTTP/1.0 kept',
      'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n',
      ['head 200 connection|keep-alive|content-length|0 empty', 'end'],
      true,
      {},
    ],
    [
      'values as they are',
      `${ok}X:\t a\xe9  b \r\nx:\r\nContent-Length: 0\r\n\r\n`,
      ['head 200 x|a\xe9  b|x||content-length|0 empty', 'end'],
      true,
      {},
    ],
    [
      'no reason phrase',
      'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n',
      ['head 200 content-length|0 empty', 'end'],
      true,
      {},
    ],
    [
      'equal lengths',
      `${ok}Content-Length: 1\r\nContent-Length: 1\r\n\r\na`,
      ['head 200 content-length|1|content-length|1', 'end a'],
      true,
      {},
    ],
  ])('reads %s', (_, bytes, events, keepsAlive, options) => {
    expect(parse(bytes, options)).toEqual({ events, keepsAlive });
  });

  test('hands an upgraded connection over with what followed', () => {
    const bytes = 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nrest';
    expect(parse(bytes, { upgrade: true }).events).toEqual(['upgrade upgrade|x rest']);
  });

  test.each<[string, string]>([
    ['no status line', 'hello\r\n\r\n'],
    ['another version', 'HTTP/2 200 OK\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a line without colon', `${ok}abc\r\n\r\n`],
    ['a space before the colon', `${ok}a : b\r\n\r\n`],
    ['a folded line', `${ok}a: b\r\n c: d\r\n\r\n`],
    ['a bare line feed', `${ok}a: b\nc: d\r\n\r\n`],
    ['a bare carriage return', `${ok}a: b\rc\r\n\r\n`],
    ['a zero byte', `${ok}a: b\0\r\n\r\n`],
    ['two lengths', `${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\na`],
    ['a list of lengths', `${ok}Content-Length: 1, 1\r\n\r\na`],
    ['a signed length', `${ok}Content-Length: +1\r\n\r\na`],
    ['length and chunked', `${ok}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['an unknown coding', `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a chunk without size', `${ok}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
    ['a hexadecimal prefix', `${ok}Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n`],
    ['a chunk that is too long', `${ok}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n`],
    ['a chunk line with a bare line feed', `${ok}Transfer-Encoding: chunked\r\n\r\n1\na\r\n`],
    ['101 that nobody asked for', 'HTTP/1.1 101 Switching\r\n\r\n'],
    ['bytes after the response', `${ok}Content-Length: 1\r\n\r\nab`],
    ['a head without end', `${ok}a: ${'b'.repeat(9000)}`],
    ['a large head', `${ok}a: ${'b'.repeat(9000)}\r\n\r\n`],
  ])('refuses %s', (_, bytes) => {
    expect(() => parse(bytes)).toThrow(ResponseSyntaxError);
  });

  test.each<[string, string]>([
    ['a head', 'HTTP/1.1 200'],
    ['a body of known length', `${ok}Content-Length: 3\r\n\r\na`],
    ['chunks', `${ok}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n`],
  ])('says that a connection closed in the middle of %s', (_, bytes) => {
    expect(() => parse(bytes, { close: true })).toThrow('The connection closed in the middle of a response');
  });

  test('tells the same wherever the bytes are cut', () => {
    const messages = [
      `${ok}Content-Length: 10\r\nX-A: 1\r\n\r\n0123456789`,
      `HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX-T: 1\r\nY: 2\r\n\r\n`,
    ];
    fc.assert(
      fc.property(fc.constantFrom(...messages), fc.array(fc.nat(400), { maxLength: 20 }), (bytes, cuts) => {
        expect(parse(bytes, { cuts })).toEqual(parse(bytes));
      }),
    );
  });

  test('never throws anything but its own error, whatever comes', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        ok,
        '\r\n',
        'Content-Length: 3\r\n',
        'Transfer-Encoding: chunked\r\n',
        '\r\n\r\n',
        '3\r\nabc\r\n',
        '0\r\n',
      ),
      fc.string({ maxLength: 10 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(200), { maxLength: 5 }), (pieces, cuts) => {
        const bytes = pieces.join('');
        if (bytes === '') return;
        try {
          parse(bytes, { cuts, close: true });
        } catch (error) {
          expect(error).toBeInstanceOf(ResponseSyntaxError);
        }
      }),
    );
  });
});
