// The layers of ARCHITECTURE.md, as rules. `sees` says for each folder which other folders it may import from, whether
// for values or for types; whatever is not listed is forbidden.
const main = 'src/main';

/** Everything below the folders that people's commands lead to. */
const computing = ['files', 'graph', 'formats', 'engines', 'nn', 'data', 'models', 'figures', 'tasks', 'training'];

/** Folders under src/main, lowest first, with the folders each one may look into (besides itself and src/shared). */
const sees = {
  files: [],
  workspace: ['files'],
  graph: ['files'],
  formats: ['files', 'graph'],
  engines: ['files', 'graph', 'formats'], // a program reaches ONNX Runtime as an ONNX file
  nn: ['files', 'graph'],
  data: ['files', 'formats'],
  models: ['files', 'graph', 'formats', 'nn', 'data'], // networks of others become pipelines with weights
  figures: ['data'],
  tasks: ['files', 'graph', 'nn', 'data', 'figures'],
  training: ['files', 'workspace', 'graph', 'formats', 'engines', 'nn', 'data', 'tasks'],
  runs: [...computing, 'workspace'],
  lab: ['files', 'workspace', 'work'], // of work only the types of its methods: the rule 'lab-never-computes'
  work: [...computing, 'workspace', 'runs'],
  rpc: [...computing, 'workspace', 'runs', 'work', 'lab'],
  hosts: [...computing, 'workspace', 'runs', 'work', 'lab', 'rpc'],
};

const layers = Object.entries(sees).map(([folder, others]) => ({
  name: `layer-${folder}`,
  comment: `${main}/${folder} may import from src/shared${others.map((other) => `, ${other}`).join('')} and itself only`,
  severity: 'error',
  from: { path: `^${main}/${folder}/` },
  to: { path: '^src/', pathNot: `^src/shared/|^${main}/(${[folder, ...others].join('|')})/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...layers,
    {
      name: 'lab-never-computes',
      comment: 'the lab asks its workers by the types of their methods; their code runs in other processes',
      severity: 'error',
      from: { path: `^${main}/lab/` },
      to: { path: `^${main}/work/`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'known-folders',
      comment: `a folder under ${main} needs a place in the layers: add it to 'sees' in .dependency-cruiser.js`,
      severity: 'error',
      from: { path: `^${main}/[^/]+/`, pathNot: `^${main}/(${Object.keys(sees).join('|')})/` },
      to: {},
    },
    {
      name: 'thin-entries',
      comment: 'the entries in src/main start a host and do nothing else',
      severity: 'error',
      from: { path: `^${main}/[^/]+\\.ts$` },
      to: { path: '^src/', pathNot: `^${main}/hosts/|^src/shared/` },
    },
    {
      name: 'shared-stands-alone',
      comment: 'src/shared is used by every other part and imports from none of them',
      severity: 'error',
      from: { path: '^src/shared/' },
      to: { path: '^src/', pathNot: '^src/shared/' },
    },
    {
      name: 'shared-runs-anywhere',
      comment: 'src/shared runs in Node, in Electron and in a browser: no packages but zod, nothing of one runtime',
      severity: 'error',
      from: { path: '^src/shared/' },
      to: { dependencyTypesNot: ['local', 'localmodule'], pathNot: '^src/|node_modules/zod/' },
    },
    {
      name: 'windows-see-shared',
      comment: 'the renderer and the preload script talk to the rest through src/shared and a transport',
      severity: 'error',
      from: { path: '^src/(renderer|preload)/' },
      to: { path: '^src/', pathNot: '^src/shared/|^src/$1/' },
    },
    {
      name: 'player-shares-code',
      comment: 'the page of demos is the lab itself in a browser: it computes, and knows no workspace and no host',
      severity: 'error',
      from: { path: '^src/player/' },
      to: { path: '^src/', pathNot: `^src/(player|shared)/|^${main}/(graph|nn|engines|data|tasks|training)/` },
    },
    {
      name: 'renderer-has-no-node',
      comment: 'the renderer runs in a sandbox and in browsers',
      severity: 'error',
      from: { path: '^src/renderer/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'renderer-has-no-electron',
      comment: 'the same renderer is opened in a browser; what it needs of Electron comes through the preload script',
      severity: 'error',
      from: { path: '^src/renderer/' },
      to: { path: 'node_modules/electron/' },
    },
    {
      name: 'electron-in-its-host',
      comment: 'everything else also runs without Electron: as a server, a command line, a trainer, a test',
      severity: 'error',
      from: { path: `^${main}/`, pathNot: `^${main}/hosts/electron/|^${main}/index\\.ts$` },
      to: { path: 'node_modules/electron/' },
    },
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(tests|bench|scripts)/' },
    },
    {
      name: 'no-circular',
      comment: 'files that import each other, if only types, cannot be read, tested or changed one at a time',
      severity: 'error',
      // A form of fields, one of which may be a form: components that are recursive by nature.
      from: { pathNot: '^src/renderer/src/components/schema-form/' },
      to: { circular: true },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: { path: '^(src|scripts|bench|tests)/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.as\\.ts$' },
    tsPreCompilationDeps: true, // imports of types count as well
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      extensions: ['.ts', '.js', '.vue', '.json'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
    moduleSystems: ['es6', 'cjs'],
  },
};
