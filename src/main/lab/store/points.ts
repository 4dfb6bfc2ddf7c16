/**
 * Metric points: stored as they come, read decimated. A chart a thousand pixels wide gets the extremes of each of its columns.
 * Beside the points lie the extremes of blocks of 16 and of 256 steps, kept whenever points are added or dropped, so that a
 * column of a long line is the extremes of its blocks, and not a walk over all of its points.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

export interface Point {
  readonly metric: string;
  readonly step: number;
  /** Counts how often the run was started or taken up again. */
  readonly session: number;
  readonly time: number;
  /** Milliseconds of activity so far. */
  readonly relative: number;
  readonly value: number | null;
}

export interface PointRange {
  readonly maximumPoints: number;
  readonly fromStep?: number | undefined;
  readonly toStep?: number | undefined;
}

export interface PointLine {
  readonly metric: string;
  readonly points: readonly Omit<Point, 'metric'>[];
  readonly total: number;
}

export interface PointStore {
  /** A point of a step that is there already replaces it: a run that was taken up again goes over the same steps. */
  add(run: number, points: readonly Point[]): void;
  /** The same for a run that has none yet, in few statements: thousands come when a workspace is opened without its database. */
  fill(run: number, points: readonly Point[]): void;
  /** Forgets what came after a step, which a resumed run does anew. */
  dropAfter(run: number, step: number): void;
  metrics(run: number): readonly { readonly metric: string; readonly points: number }[];
  line(run: number, metric: string, range: PointRange): PointLine;
  /** The last point before a range of steps and the first one after it: a line goes on to both edges of what is zoomed to. */
  beside(run: number, metric: string, fromStep: number, toStep: number): readonly [Neighbour, Neighbour];
}

type Neighbour = Omit<Point, 'metric'> | undefined;

/** Steps of a block, largest first. */
const blockSizes = [256, 16] as const;

const columns = 'step, session, time, relative, value';
const place = 'run = ?1 AND metric = ?2 AND step BETWEEN ?3 AND ?4';

const statementsOfLines = {
  whole: `SELECT ${columns} FROM points WHERE ${place} ORDER BY step`,
  // One after the other, the ends are looked up and not walked to.
  extent: `SELECT (SELECT count(*) FROM points WHERE ${place}), (SELECT min(step) FROM points WHERE ${place}), (SELECT max(step) FROM points WHERE ${place})`,
  values: `SELECT step, value FROM points WHERE ${place} AND value IS NOT NULL`,
} as const;
const besideLines = {
  before: `SELECT ${columns} FROM points WHERE run = ? AND metric = ? AND step < ? ORDER BY step DESC LIMIT 1`,
  after: `SELECT ${columns} FROM points WHERE run = ? AND metric = ? AND step > ? ORDER BY step LIMIT 1`,
} as const;
const blocksOfLines =
  'SELECT step, value FROM blocks WHERE run = ? AND metric = ? AND size = ? AND block BETWEEN ? AND ?';
const outdatedBlocks = 'DELETE FROM blocks WHERE run = ? AND metric = ? AND size = ? AND block >= ?';
const someOfLines = `SELECT ${columns} FROM points WHERE run = ? AND metric = ? AND step IN (SELECT value FROM json_each(?)) ORDER BY step`;

// With min and max, SQLite takes the other columns from the row that it is in (https://sqlite.org/lang_select.html#bareagg).
// Sizes are written out: numbers that are bound come as REAL, and a REAL is not divided to a whole number.
const summarise = (size: number): readonly string[] =>
  (['min', 'max'] as const).map(
    (extreme, highest) =>
      `INSERT OR REPLACE INTO blocks SELECT run, metric, ${size}, step / ${size} AS block, ${highest}, step, ${extreme}(value)
       FROM points WHERE run = ? AND metric = ? AND step >= ? AND value IS NOT NULL GROUP BY block`,
  );

const summariseRun = (size: number): readonly string[] =>
  (['min', 'max'] as const).map(
    (extreme, highest) =>
      `INSERT INTO blocks SELECT run, metric, ${size}, step / ${size} AS block, ${highest}, step, ${extreme}(value)
       FROM points WHERE run = ? AND value IS NOT NULL GROUP BY metric, block`,
  );

type Row = readonly (number | null)[];

/** On the tables of a database that is open; statements are prepared once. */
export function createPointStore(database: DatabaseSync): PointStore {
  const statements = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known) return known;
    const statement = database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  const arrays = new Map<string, StatementSync>();
  const prepareArrays = (sql: string): StatementSync => {
    const known = arrays.get(sql);
    if (known) return known;
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    arrays.set(sql, statement);
    return statement;
  };
  const numbers = new Map<string, number>();
  const metricNumber = (name: string): number => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    prepare('INSERT INTO metrics (name) VALUES (?) ON CONFLICT DO NOTHING').run(name);
    const number = Number(prepare('SELECT number FROM metrics WHERE name = ?').get(name)?.number);
    numbers.set(name, number);
    return number;
  };
  /** Of a metric's blocks those from a step on are made anew. */
  const summariseFrom = (run: number, metric: number, step: number): void => {
    for (const size of blockSizes) {
      const from = Math.floor(step / size) * size;
      prepare(outdatedBlocks).run(run, metric, size, from / size);
      for (const sql of summarise(size)) prepare(sql).run(run, metric, from);
    }
  };
  const rowsOf = (statement: keyof typeof statementsOfLines, run: number, metric: number, from: number, to: number) =>
    // arrays, as set; all columns are numbers
    prepareArrays(statementsOfLines[statement]).all(run, metric, from, to) as unknown as Row[];
  /** Returns the first step of each metric. */
  const insertAll = (run: number, points: readonly Point[]): ReadonlyMap<number, number> => {
    const insert = prepare(
      'INSERT OR REPLACE INTO points (run, metric, step, session, time, relative, value) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    const earliest = new Map<number, number>();
    for (const { metric, step, session, time, relative, value } of points) {
      const number = metricNumber(metric);
      insert.run(run, number, step, session, time, relative, value);
      earliest.set(number, Math.min(step, earliest.get(number) ?? step));
    }
    return earliest;
  };
  return {
    add(run, points) {
      for (const [metric, step] of insertAll(run, points)) summariseFrom(run, metric, step);
    },
    fill(run, points) {
      if (insertAll(run, points).size === 0) return;
      for (const size of blockSizes) for (const sql of summariseRun(size)) prepare(sql).run(run);
    },
    dropAfter(run, step) {
      prepare('DELETE FROM points WHERE run = ? AND step > ?').run(run, step);
      const metrics = prepare('SELECT DISTINCT metric FROM blocks WHERE run = ?').all(run);
      for (const { metric } of metrics) summariseFrom(run, Number(metric), Math.max(0, step));
    },
    metrics(run) {
      const rows = prepare(
        'SELECT name, count(*) AS points FROM points JOIN metrics ON metrics.number = metric WHERE run = ? GROUP BY metric ORDER BY name',
      ).all(run);
      return rows.map(({ name, points }) => ({ metric: String(name), points: Number(points) }));
    },
    line(run, metric, { maximumPoints, fromStep = 0, toStep = Number.MAX_SAFE_INTEGER }) {
      const number = metricNumber(metric);
      const [extent] = rowsOf('extent', run, number, fromStep, toStep);
      const [total = 0, first = 0, last = 0] = (extent ?? []).map((value) => value ?? 0);
      let rows: Row[];
      if (total <= maximumPoints) rows = rowsOf('whole', run, number, fromStep, toStep);
      else {
        const kept = decimate({
          first,
          last,
          maximumPoints,
          pointsBetween: (from, to) => rowsOf('values', run, number, from, to),
          blocksBetween: (size, from, to) =>
            prepareArrays(blocksOfLines).all(run, number, size, from, to) as unknown as Row[], // as above
        });
        rows = prepareArrays(someOfLines).all(run, number, JSON.stringify(kept)) as unknown as Row[]; // as above
      }
      return { metric, points: rows.map(pointOf), total };
    },
    beside(run, metric, fromStep, toStep) {
      const number = metricNumber(metric);
      const oneOf = (side: keyof typeof besideLines, step: number): Neighbour => {
        const row = prepareArrays(besideLines[side]).get(run, number, step) as unknown as Row | undefined; // as above
        return row && pointOf(row);
      };
      return [oneOf('before', fromStep), oneOf('after', toStep)];
    },
  };
}

function pointOf([step, session, time, relative, value]: Row): Omit<Point, 'metric'> {
  return {
    step: step ?? 0,
    session: session ?? 0,
    time: time ?? 0,
    relative: relative ?? 0,
    value: value ?? null,
  };
}

interface Decimation {
  readonly first: number;
  readonly last: number;
  readonly maximumPoints: number;
  /** Steps and values between two steps, both included. */
  readonly pointsBetween: (from: number, to: number) => readonly Row[];
  /** Steps and values of the extremes of blocks, both ends included. */
  readonly blocksBetween: (size: number, from: number, to: number) => readonly Row[];
}

/** Steps of a column of the chart, given how many points there may be: whole blocks where columns are that wide. */
export function columnWidth(steps: number, maximumPoints: number): { readonly width: number; readonly size: number } {
  const count = Math.max(1, Math.floor((maximumPoints - 2) / 2));
  const size = blockSizes.find((candidate) => 4 * candidate * count <= steps) ?? 1;
  return { width: Math.ceil(steps / count / size) * size, size };
}

/**
 * The steps to keep: the two ends, and the least and the largest value of every column. Columns begin at multiples of their
 * width; blocks that the range cuts at its ends are read point by point.
 */
function decimate({ first, last, maximumPoints, pointsBetween, blocksBetween }: Decimation): number[] {
  // One column more than fits evenly, because the range need not begin at a multiple.
  const { width, size } = columnWidth(last - first + 1, Math.max(4, maximumPoints - 2));
  const lowest = new Map<number, { step: number; value: number }>();
  const highest = new Map<number, { step: number; value: number }>();
  const see = (rows: readonly Row[]): void => {
    for (const [step, value] of rows) {
      if (typeof step !== 'number' || typeof value !== 'number') continue;
      const column = Math.floor(step / width);
      const low = lowest.get(column);
      const high = highest.get(column);
      if (!low || value < low.value) lowest.set(column, { step, value });
      if (!high || value > high.value) highest.set(column, { step, value });
    }
  };
  const from = Math.ceil(first / size);
  const to = Math.floor((last + 1) / size) - 1;
  if (size === 1 || to < from) see(pointsBetween(first, last));
  else {
    see(pointsBetween(first, from * size - 1));
    see(blocksBetween(size, from, to));
    see(pointsBetween((to + 1) * size, last));
  }
  const kept = [...lowest.values(), ...highest.values()].map(({ step }) => step);
  return [...new Set([first, last, ...kept])];
}
