// The rules of this project, as Oxlint loads plugins.
import { labRules } from './lint-rules.ts';

export default { meta: { name: 'lab' }, ...labRules };
