/**
 * Bytes of the smallest filters, and what each helper of the SDK adds to a filter that reads a header and sets another.
 *
 * node --conditions=@heddle/source bench/filter-sizes.ts
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildFilter } from '@heddle/wasm-tools';

/** Of each helper: the module, what is imported of it, and an expression of type string over the string `value`. */
const HELPERS: readonly (readonly [name: string, module: string, imports: string, expression: string])[] = [
  ['glob', 'glob', 'Glob', 'new Glob("/a/*").matches(value) ? "yes" : "no"'],
  ['base64', 'base64', 'encodeBase64, decodeBase64', 'decodeBase64(value) === null ? "no" : encodeBase64(value)'],
  ['JSON writer', 'json', 'JsonWriter', 'new JsonWriter().object().key("a").text(value).end().toString()'],
  [
    'trace context',
    'trace-context',
    'parseTraceparent, formatTraceparent, TraceContext',
    'continued(parseTraceparent(value))',
  ],
  ['protobuf', 'protobuf', 'ProtoWriter, ProtoReader', 'written(value)'],
  ['URL', 'url', 'Url', 'Url.parse(value) === null ? "no" : "yes"'],
  ['SHA-256', 'sha256', 'sha256', 'sha256(value).byteLength == 32 ? "yes" : "no"'],
  ['query', 'query', 'Query', 'Query.ofPath(value).has("a") ? "yes" : "no"'],
  ['HMAC', 'hmac', 'hmacSha256', 'hmacSha256("key", value).byteLength == 32 ? "yes" : "no"'],
  ['JSON reader', 'json', 'Json', 'Json.parse(value).get("a").isString ? "yes" : "no"'],
  ['regular expressions', 'regex', 'Regex', 'Regex.compile("a+b").isMatch(value) ? "yes" : "no"'],
  ['tokens and key sets', 'jwt', 'Jwt, Jwks', 'verified(value)'],
];

/** What takes more than an expression. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  'trace context':
    'function continued(found: TraceContext | null): string { return found === null ? "no" : formatTraceparent(found); }',
  protobuf: `function written(value: string): string {
  const reader = ProtoReader.of(new ProtoWriter().bytes(1, value).toBytes());
  return reader.next() ? "yes" : "no";
}`,
  'tokens and key sets': `function verified(value: string): string {
  const keys = Jwks.parse(value).keys;
  return keys.length > 0 && Jwt.parse(value).isSignedBy(keys[0]) ? "yes" : "no";
}`,
};

const FILTERS = [
  ['smallest', '../packages/wasm-sdk/test-modules/smallest.ts'],
  ['api-key', '../packages/wasm-sdk/test-modules/api-key.ts'],
  ['filters/api-key', '../filters/api-key'],
] as const;

const folder = mkdtempSync(join(tmpdir(), 'heddle-sizes-'));
try {
  console.log('filter                 without names   with');
  for (const [name, source] of FILTERS) {
    const entry = fileURLToPath(new URL(source, import.meta.url));
    print(name, [(await buildFilter(entry, { names: false })).size, (await buildFilter(entry)).size]);
  }
  console.log('\nhelper                         adds');
  const plain = await sizeWith(undefined);
  for (const helper of HELPERS) print(helper[0], [(await sizeWith(helper)) - plain]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function sizeWith(helper: (typeof HELPERS)[number] | undefined): Promise<number> {
  const [name, module, imports, expression] = helper ?? ['none', '', '', 'value'];
  const lines = [
    'import { HeadersResult, HttpContext } from "@heddle/wasm-sdk/assembly";',
    ...(helper === undefined ? [] : [`import { ${imports} } from "@heddle/wasm-sdk/assembly/${module}";`]),
    FUNCTIONS[name] ?? '',
    'export class Measured extends HttpContext {',
    '  onRequestHeaders(endOfStream: bool): HeadersResult {',
    '    const value = this.requestHeaders.get("x-in");',
    `    if (value !== null) this.requestHeaders.set("x-out", ${expression});`,
    '    return HeadersResult.Continue;',
    '  }',
    '}',
  ];
  const at = join(folder, name.replaceAll(' ', '-'));
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'index.ts'), lines.join('\n'));
  return (await buildFilter(at, { names: false })).size;
}

function print(name: string, bytes: readonly number[]): void {
  console.log(name.padEnd(24) + bytes.map((one) => one.toLocaleString('en').padStart(12)).join(''));
}
