/**
 * The pages of the lab. The router, the navigation, the shortcuts and the window's title are all made from this table: a new
 * page is one row and one component.
 */
import type { Component } from 'vue';
import type { IconName } from '../components/icons.ts';

export interface Page {
  readonly name: string;
  readonly path: string;
  readonly title: string;
  readonly load: () => Promise<{ readonly default: Component }>;
  /** Its place in the navigation; pages without one are reached from others. */
  readonly navigation?: { readonly icon: IconName; readonly key: string };
  /** The page of the navigation that it belongs to. */
  readonly within?: string;
}

export const pages: readonly Page[] = [
  {
    name: 'home',
    path: '/',
    title: 'Home',
    load: () => import('../features/home/HomePage.vue'),
    navigation: { icon: 'home', key: 'h' },
  },
  {
    name: 'start',
    path: '/start',
    title: 'Guided start',
    load: () => import('../features/start/StartPage.vue'),
    within: 'home',
  },
  {
    name: 'datasets',
    path: '/datasets',
    title: 'Datasets',
    load: () => import('../features/datasets/DatasetsPage.vue'),
    navigation: { icon: 'dataset', key: 'd' },
  },
  {
    name: 'import',
    path: '/datasets/import',
    title: 'Import',
    load: () => import('../features/datasets/ImportPage.vue'),
    within: 'datasets',
  },
  {
    name: 'material',
    path: '/datasets/:group(corpus|dataset)/:name/:part?',
    title: 'Dataset',
    load: () => import('../features/datasets/MaterialPage.vue'),
    within: 'datasets',
  },
  {
    name: 'models',
    path: '/models',
    title: 'Models',
    load: () => import('../features/models/ModelsPage.vue'),
    navigation: { icon: 'model', key: 'o' },
  },
  {
    name: 'import-model',
    path: '/models/import',
    title: 'Import a model',
    load: () => import('../features/models/ImportModelPage.vue'),
    within: 'models',
  },
  {
    name: 'model',
    path: '/models/of/:model/:part?',
    title: 'Model',
    load: () => import('../features/models/ModelPage.vue'),
    within: 'models',
  },
  {
    name: 'pipelines',
    path: '/pipelines',
    title: 'Pipelines',
    load: () => import('../features/pipelines/PipelinesPage.vue'),
    navigation: { icon: 'pipeline', key: 'p' },
  },
  {
    name: 'experiments',
    path: '/experiments',
    title: 'Experiments',
    load: () => import('../features/experiments/ExperimentsPage.vue'),
    navigation: { icon: 'experiment', key: 'e' },
  },
  {
    name: 'runs',
    path: '/runs',
    title: 'Runs',
    load: () => import('../features/runs/RunsPage.vue'),
    navigation: { icon: 'run', key: 'r' },
  },
  {
    name: 'run',
    path: '/runs/:id/:part?',
    title: 'Run',
    load: () => import('../features/runs/RunPage.vue'),
    within: 'runs',
  },
  {
    name: 'studies',
    path: '/studies',
    title: 'Transfer gain',
    load: () => import('../features/studies/StudiesPage.vue'),
    navigation: { icon: 'transfer', key: 't' },
  },
  {
    name: 'new-study',
    path: '/studies/new',
    title: 'Measure a transfer gain',
    load: () => import('../features/studies/NewStudyPage.vue'),
    within: 'studies',
  },
  {
    name: 'study',
    path: '/studies/of/:study',
    title: 'Study',
    load: () => import('../features/studies/StudyPage.vue'),
    within: 'studies',
  },
  {
    name: 'study-card',
    path: '/studies/of/:study/card',
    title: 'Audit card',
    load: () => import('../features/studies/StudyCardPage.vue'),
    within: 'studies',
  },
  {
    name: 'sweeps',
    path: '/sweeps',
    title: 'Sweeps',
    load: () => import('../features/sweeps/SweepsPage.vue'),
    navigation: { icon: 'sweep', key: 'w' },
  },
  {
    name: 'new-sweep',
    path: '/sweeps/new',
    title: 'New sweep',
    load: () => import('../features/sweeps/NewSweepPage.vue'),
    within: 'sweeps',
  },
  {
    name: 'sweep',
    path: '/sweeps/of/:sweep',
    title: 'Sweep',
    load: () => import('../features/sweeps/SweepPage.vue'),
    within: 'sweeps',
  },
  {
    name: 'compare',
    path: '/compare',
    title: 'Compare',
    load: () => import('../features/compare/ComparePage.vue'),
    navigation: { icon: 'compare', key: 'c' },
  },
  {
    name: 'demos',
    path: '/demos/:run?',
    title: 'Demos',
    load: () => import('../features/demos/DemosPage.vue'),
    navigation: { icon: 'demo', key: 'm' },
  },
  {
    name: 'lineage',
    path: '/lineage',
    title: 'Lineage',
    load: () => import('../features/lineage/LineagePage.vue'),
    navigation: { icon: 'lineage', key: 'l' },
  },
  {
    name: 'settings',
    path: '/settings',
    title: 'Settings',
    load: () => import('../features/settings/SettingsPage.vue'),
    navigation: { icon: 'settings', key: 's' },
  },
];
