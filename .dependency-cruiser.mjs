// The floor plan: who may import whom. `npm run boundaries` checks it; docs/decisions/0011-boundaries.md says why by this
// tool. Every rule has a reason, which is printed when somebody breaks it.

import swc from '@swc/core/Visitor.js';

// swc parses `using` declarations, but the visitor that dependency-cruiser takes from it does not know them yet.
const { visitStatement } = swc.Visitor.prototype;
swc.Visitor.prototype.visitStatement = function (statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  return { ...statement, decls: this.visitVariableDeclarators(statement.decls) };
};

/** For each package its floor, the packages of ours that it may import, and the reason. */
const floorPlan = {
  'envoy-api': {
    floor: 0,
    imports: [],
    reason: "Envoy's types are useful alone, to people who use nothing else of ours.",
  },
  api: { floor: 0, imports: [], reason: 'The kinds are data about other projects; they know nothing of a mesh.' },
  'wasm-host': {
    floor: 0,
    imports: [],
    reason: 'Runs any Proxy-Wasm module for anybody: a gateway, a unit test, a Hono application.',
  },
  'wasm-sdk': {
    floor: 1,
    imports: [],
    reason: 'For authors of filters, who need nothing else of ours. A floor above the host, in which its tests run.',
  },
  'wasm-tools': {
    floor: 2,
    imports: ['wasm-host', 'wasm-sdk'],
    reason: 'Builds, runs and traces filters; the mesh they are for is not its business.',
  },
  model: { floor: 1, imports: ['api'], reason: 'The words that all others share must not depend on what says them.' },
  routing: {
    floor: 1,
    imports: ['envoy-api'],
    reason: 'Matching is pure over Envoy types: explain, gateway and tests share it.',
  },
  analysis: {
    floor: 2,
    imports: ['api', 'model'],
    reason: 'Checks look at what users wrote, whatever is compiled of it: commands, webhooks and editors share them.',
  },
  sources: {
    floor: 2,
    imports: ['api', 'model'],
    reason: 'A source ends in a snapshot; what becomes of it is not its business.',
  },
  compiler: {
    floor: 2,
    imports: ['api', 'envoy-api', 'model'],
    reason: 'Compiling is pure: who delivers the input and who serves the output must be free to change.',
  },
  'xds-client': { floor: 2, imports: ['envoy-api', 'model'], reason: 'A client of any ADS server, not of ours.' },
  discovery: {
    floor: 2,
    imports: ['envoy-api', 'model'],
    reason: 'A server for any resources: it is handed a compile function and does not know the compiler.',
  },
  explain: {
    floor: 3,
    imports: ['envoy-api', 'model', 'routing'],
    reason: 'It reads what was compiled by the code that obeys it; whose compiler made it is not its business.',
  },
  gateway: {
    floor: 3,
    imports: ['envoy-api', 'model', 'routing', 'wasm-host', 'xds-client'],
    reason: 'The gateway obeys xDS as Envoy does. Knowing the compiler or the server would let it cheat.',
  },
  agent: {
    floor: 3,
    imports: ['envoy-api', 'model', 'xds-client'],
    reason: 'The agent looks after one Envoy, whoever configures it.',
  },
  'control-plane': {
    floor: 4,
    imports: ['api', 'compiler', 'discovery', 'envoy-api', 'model', 'sources', 'wasm-host'],
    reason:
      'The composition root: the only place where sources, compiler and discovery meet. Data planes stay outside.',
  },
  cli: {
    floor: 5,
    imports: [
      'agent',
      'analysis',
      'api',
      'compiler',
      'control-plane',
      'discovery',
      'envoy-api',
      'explain',
      'gateway',
      'model',
      'routing',
      'sources',
      'wasm-host',
      'wasm-tools',
      'xds-client',
    ],
    reason: 'The command puts everything together and is imported by nobody.',
  },
  testing: {
    floor: 3,
    imports: ['api', 'compiler', 'discovery', 'envoy-api', 'model', 'routing', 'sources', 'wasm-tools', 'xds-client'],
    reason: 'Helpers for tests stay below data planes and control plane, so that these can be tested with them.',
  },
};

// What is about one machine by nature may use Node everywhere.
const nodeOnly = ['agent', 'cli', 'control-plane', 'testing', 'wasm-tools'];

// packages/x/src/node/server.ts, packages/x/src/node.ts; not node-id.ts, where the node is an xDS one.
const oneRuntime = '/(?:node|deno|bun)[/.]';

const tests = '[.]test[.]ts$|^packages/[^/]+/test/|/fixtures/|/testdata/|^examples/[^/]+/check[.]mjs$';
const anyOf = (names) => `(?:${names.join('|')})`;
const names = Object.keys(floorPlan);

// A package that is not in the plan has no rules: it has to be added first.
const unplanned = {
  name: 'floor-plan-names-every-package',
  comment: 'A new package gets its floor, its imports and a reason in the table above before others import it.',
  severity: 'error',
  from: {},
  to: { path: '^packages/', pathNot: `^packages/${anyOf(names)}/` },
};

const floors = names.flatMap((name) => {
  const { floor, imports, reason } = floorPlan[name];
  const below = names.filter((other) => floorPlan[other].floor < floor);
  return [
    {
      name: `floor-${floor}-${name}`,
      comment: `${reason} It may import ${imports.length === 0 ? 'none of ours' : imports.join(', ')}.`,
      severity: 'error',
      from: { path: `^packages/${name}/src/`, pathNot: tests },
      to: { path: '^packages/', pathNot: `^packages/${anyOf([name, ...imports])}/` },
    },
    {
      name: `floor-${floor}-${name}-tests`,
      comment: `Tests of ${name} may stand on any lower floor and on the test helpers; what needs more belongs in test/.`,
      severity: 'error',
      from: { path: `^packages/${name}/.*(?:${tests})` },
      to: { path: '^packages/', pathNot: `^packages/${anyOf([name, 'testing', ...imports, ...below])}/` },
    },
  ];
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    unplanned,
    ...floors,
    {
      name: 'front-door-only',
      comment: "A package's inner files are nobody else's business: import it by name, so that they can change.",
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: {
        path: '^packages/',
        pathNot: '^packages/$1/',
        dependencyTypes: ['local'],
        dependencyTypesNot: ['aliased-workspace'],
      },
    },
    {
      name: 'front-door-only-from-outside',
      comment: 'Examples, benchmarks and tests show how packages are used: by their published names.',
      severity: 'error',
      from: { path: '^(?:examples|bench|test|scripts)/' },
      to: { path: '^packages/', dependencyTypes: ['local'], dependencyTypesNot: ['aliased-workspace'] },
    },
    {
      name: 'test-helpers-in-tests-only',
      comment: '@heddle/testing is private: what users install must not need it.',
      severity: 'error',
      from: { path: '^(?:packages/(?!testing/)|examples/)', pathNot: tests },
      to: { path: '^packages/testing/' },
    },
    {
      name: 'portable-core',
      comment:
        'The core runs on Node, Deno, Bun and at the edge. What needs one of them stands in a file or folder of that name.',
      severity: 'error',
      from: {
        path: '^packages/[^/]+/src/',
        pathNot: [`^packages/${anyOf(nodeOnly)}/`, oneRuntime, tests],
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'portable-core-stays-portable',
      comment: 'An import of a file for one runtime makes its importer one too; such files are entries of their own.',
      severity: 'error',
      from: {
        path: '^packages/[^/]+/src/',
        pathNot: [`^packages/${anyOf(nodeOnly)}/`, oneRuntime, tests],
      },
      to: { path: oneRuntime, pathNot: 'node_modules' },
    },
    {
      name: 'filters-stand-alone',
      comment: 'A filter is a module for a proxy: code of ours runs it from a file and never imports it.',
      severity: 'error',
      from: { pathNot: '^filters/' },
      to: { path: '^filters/' },
    },
    {
      name: 'setup-needs-nothing',
      comment: 'These run before anything is installed, so they use builtins only.',
      severity: 'error',
      from: { path: '^scripts/(?:ensure|start|ci|tier-counts|readme-commands|complete-lock)[.]mjs$' },
      to: { dependencyTypesNot: ['core', 'local'] },
    },
    {
      name: 'declared-dependencies',
      comment: 'What is published must name what it imports, in its own package.json and not among devDependencies.',
      severity: 'error',
      from: { path: '^packages/(?!testing/)[^/]+/src/', pathNot: tests },
      // What is an optional peer is a dev dependency too, for the package's own tests.
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm-peer'],
        pathNot: '^packages/',
      },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere, or to a subpath that the package does not export.',
      severity: 'error',
      from: { pathNot: '^packages/[^/]+/(?:dist|gen)/' },
      // bin/ stands before the build, what it imports after it.
      to: { couldNotResolve: true, pathNot: '/dist/' },
    },
    {
      name: 'no-circles',
      comment: 'Files that need each other are one idea in two places, and their order of evaluation is a trap.',
      severity: 'error',
      from: { path: '^(?:packages/[^/]+/src|test|scripts|bench)/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only', 'pre-compilation-only'] } },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^packages/[^/]+/(?:dist|gen)/'] },
    // AssemblyScript is another language: its imports are not Node's.
    exclude: { path: '^(?:packages|filters)/[^/]+/(?:dist|node_modules|assembly|test-modules)/' },
    parser: 'swc',
    combinedDependencies: false,
    enhancedResolveOptions: {
      conditionNames: ['@heddle/source', 'node', 'import', 'default'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
};
