/** The tables, as the steps that led to them. A step that was released is never changed: what comes later is one more step. */

const first = `
CREATE TABLE materials (
  grouping TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  created_at TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  manifest TEXT NOT NULL,
  PRIMARY KEY (grouping, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  saved_at REAL NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  task TEXT NOT NULL,
  data TEXT NOT NULL,
  created_at REAL NOT NULL,
  state TEXT NOT NULL,
  paused INTEGER NOT NULL DEFAULT 0,
  position REAL,
  spec TEXT NOT NULL,
  origin TEXT NOT NULL,
  result TEXT,
  progress TEXT NOT NULL,
  failure TEXT,
  notes TEXT NOT NULL DEFAULT '',
  archived INTEGER NOT NULL DEFAULT 0,
  pinned INTEGER NOT NULL DEFAULT 0,
  study TEXT,
  events_read INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE tags (
  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  tag TEXT NOT NULL,
  PRIMARY KEY (run, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE metrics (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE points (
  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  metric INTEGER NOT NULL REFERENCES metrics,
  step INTEGER NOT NULL,
  session INTEGER NOT NULL,
  time REAL NOT NULL,
  relative REAL NOT NULL,
  value REAL,
  PRIMARY KEY (run, metric, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;

/** Blocks of points with their extremes: long lines are decimated without reading all of their points. See points.ts. */
const blocks = `
CREATE TABLE blocks (
  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  metric INTEGER NOT NULL REFERENCES metrics,
  size INTEGER NOT NULL,
  block INTEGER NOT NULL,
  highest INTEGER NOT NULL,
  step INTEGER NOT NULL,
  value REAL NOT NULL,
  PRIMARY KEY (run, metric, size, block, highest)
) STRICT, WITHOUT ROWID;

INSERT INTO blocks SELECT run, metric, 16, step / 16, 0, step, min(value) FROM points WHERE value IS NOT NULL GROUP BY 1, 2, 4;
INSERT INTO blocks SELECT run, metric, 16, step / 16, 1, step, max(value) FROM points WHERE value IS NOT NULL GROUP BY 1, 2, 4;
INSERT INTO blocks SELECT run, metric, 256, step / 256, 0, step, min(value) FROM points WHERE value IS NOT NULL GROUP BY 1, 2, 4;
INSERT INTO blocks SELECT run, metric, 256, step / 256, 1, step, max(value) FROM points WHERE value IS NOT NULL GROUP BY 1, 2, 4;
`;

export const migrations: readonly string[] = [first, blocks];
