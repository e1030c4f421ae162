import { formatPosition } from '@heddle/model';
import { describe, expect, test } from 'vitest';
import { readDocuments, readDocumentsInSlices } from './documents.ts';

const namespace = (name: string): string => `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`;
const service = `apiVersion: v1
kind: Service
metadata:
  name: cart
spec:
  selector: { app: cart }
  ports:
    - port: 80
      name: http
`;

function read(text: string, file = 'a.yaml') {
  const result = readDocuments(text, { file });
  return {
    ...result,
    names: result.objects.map(
      ({ outcome, identity }) => `${outcome} ${identity?.kind ?? '?'} ${identity?.name ?? '?'}`,
    ),
    problems: [...result.diagnostics, ...result.objects.flatMap((one) => one.diagnostics)].map(
      ({ code, range, message }) => `${range === undefined ? '?' : formatPosition(range)} ${code} ${message}`,
    ),
  };
}

describe('readDocuments', () => {
  test.each<[what: string, text: string, names: readonly string[]]>([
    ['one document', namespace('a'), ['used Namespace a']],
    ['several', `${namespace('a')}---\n${namespace('b')}`, ['used Namespace a', 'used Namespace b']],
    [
      'markers all around',
      `---\n${namespace('a')}---\n---\n${namespace('b')}---\n`,
      ['used Namespace a', 'used Namespace b'],
    ],
    ['comments alone', '# nothing\n---\n# here\n', []],
    ['nothing', '', []],
    ['blank lines', '\n\n  \n', []],
    ['a byte order mark', `\ufeff${namespace('a')}`, ['used Namespace a']],
    [
      'Windows line ends',
      `${namespace('a')}---\n${namespace('b')}`.replaceAll('\n', '\r\n'),
      ['used Namespace a', 'used Namespace b'],
    ],
    ['a comment after the marker', `--- # first\n${namespace('a')}`, ['used Namespace a']],
    ['a directive', `%YAML 1.2\n---\n${namespace('a')}`, ['used Namespace a']],
    ['a document end', `${namespace('a')}...\n---\n${namespace('b')}`, ['used Namespace a', 'used Namespace b']],
    ['no line end at the end', namespace('a').trimEnd(), ['used Namespace a']],
    [
      'dashes inside of a text',
      `${namespace('a')}  annotations:\n    note: |\n      ---\n      -----\n`,
      ['used Namespace a'],
    ],
    [
      'anchors',
      `apiVersion: v1\nkind: Namespace\nmetadata:\n  labels: &l { app: x }\n  annotations: *l\n  name: a\n`,
      ['used Namespace a'],
    ],
    ['merge keys', `apiVersion: v1\nkind: Namespace\nmetadata: { <<: { name: a } }\n`, ['used Namespace a']],
    ['JSON in YAML', '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}', ['used Namespace a']],
    [
      'a List',
      `apiVersion: v1\nkind: List\nitems:\n${namespace('a').replace(/^/gm, '    ').replace('    api', '  - api').trimEnd()}\n`,
      ['used Namespace a'],
    ],
    ['a null document', 'null\n---\n~\n', ['refused ? ?', 'refused ? ?']],
  ])('reads %s', (_what, text, names) => {
    expect(read(text).names).toEqual(names);
    if (names.every((name) => name.startsWith('used'))) expect(read(text).problems).toEqual([]);
  });

  test('takes a line of four or more dashes for a separator, and says so', () => {
    const { names, problems, sound } = read(`${namespace('a')}----\n${namespace('b')}-----------  \n${namespace('c')}`);
    expect(names).toEqual(['used Namespace a', 'used Namespace b', 'used Namespace c']);
    expect(sound).toBe(true);
    expect(problems).toEqual([
      'a.yaml:5:1 HED004 found a line of 4 dashes, which is read as a document separator',
      'a.yaml:10:1 HED004 found a line of 11 dashes, which is read as a document separator',
    ]);
  });

  test.each<[what: string, text: string, problem: RegExp]>([
    ['a second colon', `${namespace('a')}a: b: c\n`, /^a\.yaml:5:4 HED002 found a second ": "/],
    ['a key twice', 'kind: a\nkind: b\n', /^a\.yaml:2:1 HED002 found a key for the second time/],
    ['a tab as indentation', 'a:\n\tb: c\n', /^a\.yaml:2:1 HED002 found a tab as indentation/],
    ['an open quote', 'a: "b\nc: d\n', /^a\.yaml:\d+:\d+ HED002 found /],
    ['an open bracket', 'a: [b\n', /^a\.yaml:\d+:\d+ HED002 found /],
    ['a line without colon', 'a: b\nc\n', /^a\.yaml:2:1 HED002 found text without ":"/],
    ['an unknown alias', 'a: *b\n', /^a\.yaml:1:\d+ HED002 /],
    ['an alias of itself', 'a: &a [*a]\n', /^a\.yaml:1:\d+ HED002 /],
    ['an unknown tag', 'a: !foo b\n', /^a\.yaml:1:4 HED002 found a tag/],
    ['a sign that begins nothing', 'a: @b\n', /^a\.yaml:1:4 HED002 found a sign/],
    ['bad indentation', 'a:\n  b: c\n d: e\n', /^a\.yaml:3:\d+ HED002 /],
  ])('refuses %s where it stands', (_what, text, problem) => {
    const { sound, problems } = read(text);
    expect(sound).toBe(false);
    expect(problems[0]).toMatch(problem);
    expect(problems).toHaveLength(1);
  });

  test('counts lines from the beginning of the file', () => {
    const { problems, objects } = read(
      `${namespace('a')}---\n# comment\n${namespace('b')}---\n${service.replace('port: 80', 'prot: 80')}`,
    );
    expect(problems[0]).toMatch(/^a\.yaml:19:7 HED101 unknown field "prot"; did you mean "port"\?/);
    expect(problems).toHaveLength(2);
    expect(objects[1]?.origin.locate(['metadata', 'name'])?.start).toEqual({ line: 10, column: 9 });
  });

  test.each<[what: string, path: readonly (string | number)[], at: string]>([
    ['a value', ['metadata', 'name'], '4:9'],
    ['the key of a mapping', ['spec'], '5:1'],
    ['an item', ['spec', 'ports', 0], '8:7'],
    ['a value in an item', ['spec', 'ports', 0, 'port'], '8:13'],
    ['a value in a flow mapping', ['spec', 'selector', 'app'], '6:20'],
    ['the field around a missing one', ['spec', 'ports', 0, 'protocol'], '8:7'],
    ['the field around a missing item', ['spec', 'ports', 5], '7:3'],
    ['the object for nothing of it', ['status', 'x'], '1:1'],
    ['the object as a whole', [], '1:1'],
  ])('locates %s', (_what, path, at) => {
    const [one] = read(service).objects;
    const start = one?.origin.locate(path)?.start;
    expect(`${start?.line}:${start?.column}`).toBe(at);
  });

  test('locates fields of the items of a List', () => {
    const text = `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\n- apiVersion: v1\n  kind: Namespace\n  metadata: {nam: b}\n`;
    const { names, problems } = read(text);
    expect(names).toEqual(['used Namespace a', 'refused ? ?']);
    expect(problems).toContainEqual(expect.stringMatching(/^a\.yaml:9:14 HED101 unknown field "nam"/));
  });

  test('maps problems to codes', () => {
    const { problems } = read(
      [
        'kind: Foo',
        'apiVersion: v1\nkind: Fo\nmetadata: {name: a}',
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}',
        'apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}',
        'apiVersion: v1\nkind: Namespace\nmetadata: {name: A}',
        `${service}  trafficDistribution: PreferClose\n  type: ExternalName\n`,
      ].join('\n---\n'),
    );
    expect(problems.map((problem) => problem.split(' ')[1])).toEqual([
      'HED005',
      'HED006',
      'HED010',
      'HED007',
      'HED009',
      'HED106',
      'HED104',
    ]);
  });

  test('keeps what did not change from the reading before', () => {
    const before = readDocuments(`${namespace('a')}---\n${namespace('b')}`, { file: 'a.yaml' });
    const after = readDocuments(`# new\n---\n${namespace('a').replace('a\n', 'c\n')}---\n${namespace('b')}`, {
      file: 'a.yaml',
      previous: before,
    });
    expect(after.objects[1]?.object).toBe(before.objects[1]?.object);
    expect(after.objects[1]?.origin.locate([])?.start.line).toBe(8);
  });
});

describe('readDocumentsInSlices', () => {
  test('pauses in a long text and reads the same', async () => {
    const text = Array.from({ length: 3000 }, (_, index) => service.replace('cart', `cart-${index}`)).join('---\n');
    let pauses = 0;
    const sliced = await readDocumentsInSlices(text, { file: 'a.yaml', pause: async () => void pauses++ });
    expect(pauses).toBeGreaterThan(0);
    expect(sliced.objects.map(({ object }) => object)).toEqual(
      readDocuments(text, { file: 'a.yaml' }).objects.map(({ object }) => object),
    );
  });
});

describe('readDocuments on hostile text', () => {
  test.each<[what: string, text: string, code: string]>([
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]\n`).join('')}`,
      'HED003',
    ],
    ['deep brackets', '['.repeat(100_000), 'HED003'],
    ['deep braces', `${'{a: '.repeat(5000)}`, 'HED003'],
    ['deep dashes', `${'- '.repeat(50_000)}a`, 'HED003'],
    ['deep indentation', Array.from({ length: 3000 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join(''), 'HED003'],
    ['a long line of colons', 'a: '.repeat(20_000), 'HED002'],
    ['NUL', 'a: \0\n', 'HED005'],
    ['binary noise', '\u0001\u0002\u007f\uffff: [', 'HED002'],
  ])('answers %s with a diagnostic', (_what, text, code) => {
    const { problems, objects } = read(text);
    expect(objects.filter((one) => one.object !== undefined)).toEqual([]);
    expect(problems.map((problem) => problem.split(' ')[1])).toContain(code);
  });
});

describe('readDocuments of JSON', () => {
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } };

  test('reads and locates, whatever the indentation', () => {
    for (const space of [0, 2, '\t']) {
      const { names, problems, objects } = read(JSON.stringify(object, null, space), 'a.json');
      expect(problems).toEqual([]);
      expect(names).toEqual(['used Namespace a']);
      expect(objects[0]?.origin.locate(['metadata', 'name'])?.start.line).toBe(space === 0 ? 1 : 5);
    }
  });

  test.each<[text: string, problem: RegExp]>([
    ['{"a": 1,}', /^a\.json:1:9 HED002 found "}", wanted a key in double quotes$/],
    ['{a: 1}', /^a\.json:1:2 HED002 found "a", wanted a key/],
    ['[1 2]', /^a\.json:1:4 HED002 found "2", wanted "," or "]"$/],
    ['{"a" 1}', /^a\.json:1:6 HED002 found "1", wanted ":"/],
    ['{"a": 1', /^a\.json:1:8 HED002 found the end of the text, wanted "," or "}"$/],
    ['{} x', /^a\.json:1:4 HED002 found "x", wanted the end/],
    ['{"a": \'b\'}', /^a\.json:1:7 HED002 found "'", wanted a value/],
    ['{"a": 01}', /^a\.json:1:8 HED002 /],
    ['{"a": "b\nc"}', /^a\.json:1:7 HED002 /],
    ['---\n{}', /^a\.json:1:1 HED002 /],
    ['{"a": 1, "a": 2}', /^a\.json:1:10 HED002 found a key for the second time/],
    ['['.repeat(100_000), /HED003/],
    [`"${'x'.repeat(3_000_000)}`, /^a\.json:1:1 HED002 /],
  ])('refuses %.20s', (text, problem) => {
    expect(read(text, 'a.json').problems[0]).toMatch(problem);
  });

  test('agrees with JSON.parse on what JSON is', () => {
    for (const text of [
      '1',
      '-0',
      '1.5e+3',
      '"\\u00e9\\n"',
      'true',
      '[]',
      '{}',
      '[{"a":[1,{"b":null}]}]',
      ' \n{} ',
      '.5',
      '1.',
      '+1',
      '"\\x"',
      'nul',
      '[,]',
      '{"a"}',
      '[1,]',
      '""x',
    ]) {
      let sound = true;
      try {
        JSON.parse(text);
      } catch {
        sound = false;
      }
      expect([text, read(text, 'a.json').problems.some((problem) => problem.includes('HED002'))]).toEqual([
        text,
        !sound,
      ]);
    }
  });
});
