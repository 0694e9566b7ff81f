/** The arrows of src/README.md. Each rule says what it protects. */
const PURE = '^src/(plan|drill|report|init)/|^src/catalog/(selection|confidence|find-good)|^src/checks/(?!README)';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle means two files are one file: move the shared part to a third one that knows neither.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'pure-rooms-stay-pure',
      comment:
        'plan, drill, report, init, checks and selection are values in, values out: no node:*, no package, no adapter. Pass what they need as an argument.',
      severity: 'error',
      from: { path: PURE },
      to: {
        pathNot:
          '^src/(plan|drill|report|init|checks|runbook/(runbook|restore-spec|check-spec)\\.ts|catalog/(selection|recovery-point|confidence|group-selection)|probe/observation\\.ts|providers/(provider|resource|dns-cutover)\\.ts|diagnostics/problem|support/(time|unreachable)\\.ts)',
      },
    },
    {
      name: 'text-libraries-stay-in-runbook',
      comment: 'yaml, ajv and typebox read what people wrote; every other room gets a typed value.',
      severity: 'error',
      from: { pathNot: '^(src/(runbook|commands/schema)|test/)' },
      to: { path: 'node_modules/(yaml|ajv|ajv-formats|@sinclair/typebox)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'adapters-never-meet',
      comment: 'An adapter that knows another adapter cannot be replaced alone: let commands/ wire them.',
      severity: 'error',
      from: { path: '^src/providers/([^/]+)/' },
      to: { path: '^src/providers/([^/]+)/', pathNot: '^src/providers/$1/' },
    },
    {
      name: 'engine-knows-ports-only',
      comment: 'The loop must run the same on every provider and journal: it knows ports and pure rooms.',
      severity: 'error',
      from: { path: '^src/engine/' },
      to: {
        path: '^src/(commands|publish|schedule|dashboard|providers/[^/]+/|journal/(file|memory)|probe/postgres/|cli)',
      },
    },
    {
      name: 'nobody-imports-commands',
      comment: 'commands/ picks the adapters and is the top: only cli.ts may stand above it.',
      severity: 'error',
      from: { pathNot: '^(src/(commands/|cli\\.ts)|test/)' },
      to: { path: '^src/(commands/|cli\\.ts)' },
    },
    {
      name: 'database-clients-stay-in-the-probe',
      comment: 'Only the probe (and the local provider, which must get the server going) speaks to a database.',
      severity: 'error',
      from: { pathNot: '^(src/(probe|providers/local|sample)/|test/)' },
      to: { path: 'node_modules/(pg|mysql2|node-sqlite3-wasm)/' },
    },
    {
      name: 'aws-stays-in-its-rooms',
      comment:
        'A runbook without AWS must load none of its SDK: only adapters of AWS know it, and commands load them late.',
      severity: 'error',
      from: { pathNot: '^(src/(providers/aws/|probe/(aws|lambda)/|publish/|store/s3-)|test/)' },
      to: { path: 'node_modules/@(aws-sdk|smithy)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'src-never-imports-test',
      comment: 'What ships must not need what tests it.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
