/**
 * Before the first file of a process that files of tests share: everything registers itself in the order that the lab has, whatever
 * part a file imports first. The order is what lists and suggestions go by.
 */
import '../src/main/nn/index.ts';
import '../src/main/tasks/index.ts';
import '../src/main/models/families/index.ts';
import '../src/main/runs/export/index.ts';
