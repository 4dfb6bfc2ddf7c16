// For tools that do not read .vue files; vue-tsc, which does, never gets here.
declare module '*.vue' {
  import type { DefineComponent } from 'vue';

  const component: DefineComponent;
  export default component;
}
