/** Metric points: stored as they come, read decimated. A chart a thousand pixels wide gets the extremes of each of its columns. */
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
  /** Forgets what came after a step, which a resumed run does anew. */
  dropAfter(run: number, step: number): void;
  metrics(run: number): readonly { readonly metric: string; readonly points: number }[];
  line(run: number, metric: string, range: PointRange): PointLine;
}

const columns = 'step, session, time, relative';
const place = 'run = ? AND metric = ? AND step BETWEEN ? AND ?';

const statementsOfLines = {
  whole: `SELECT ${columns}, value FROM points WHERE ${place} ORDER BY step`,
  extent: `SELECT count(*), min(step), max(step) FROM points WHERE ${place}`,
  // With min and max, SQLite takes the other columns from the row that it is in (https://sqlite.org/lang_select.html#bareagg).
  lowest: `SELECT ${columns}, min(value) FROM points WHERE ${place}`,
  highest: `SELECT ${columns}, max(value) FROM points WHERE ${place}`,
} as const;

type Row = readonly (number | null)[];
type ReadRows = (statement: keyof typeof statementsOfLines, from: number, to: number) => Row[];

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
  return {
    add(run, points) {
      const insert = prepare(
        'INSERT OR REPLACE INTO points (run, metric, step, session, time, relative, value) VALUES (?, ?, ?, ?, ?, ?, ?)',
      );
      for (const { metric, step, session, time, relative, value } of points) {
        insert.run(run, metricNumber(metric), step, session, time, relative, value);
      }
    },
    dropAfter(run, step) {
      prepare('DELETE FROM points WHERE run = ? AND step > ?').run(run, step);
    },
    metrics(run) {
      const rows = prepare(
        'SELECT name, count(*) AS points FROM points JOIN metrics ON metrics.number = metric WHERE run = ? GROUP BY metric ORDER BY name',
      ).all(run);
      return rows.map(({ name, points }) => ({ metric: String(name), points: Number(points) }));
    },
    line(run, metric, { maximumPoints, fromStep = 0, toStep = Number.MAX_SAFE_INTEGER }) {
      const number = metricNumber(metric);
      const rowsOf: ReadRows = (statement, from, to) => {
        const rows = prepareArrays(statementsOfLines[statement]).all(run, number, from, to);
        return rows as unknown as Row[]; // arrays, as set; all columns are numbers
      };
      const [extent] = rowsOf('extent', fromStep, toStep);
      const [total = 0, first = 0, last = 0] = (extent ?? []).map((value) => value ?? 0);
      const rows =
        total <= maximumPoints ? rowsOf('whole', fromStep, toStep) : decimate(rowsOf, first, last, maximumPoints);
      const points = rows.map(([step, session, time, relative, value]) => ({
        step: step ?? 0,
        session: session ?? 0,
        time: time ?? 0,
        relative: relative ?? 0,
        value: value ?? null,
      }));
      return { metric, points, total };
    },
  };
}

/**
 * The two ends, and the least and the largest value of every column of equally many steps. Each column is two short walks
 * along the key: grouping all points in one statement makes SQLite sort them, which takes several times as long.
 */
function decimate(rowsOf: ReadRows, first: number, last: number, maximumPoints: number): Row[] {
  const count = Math.max(1, Math.floor((maximumPoints - 2) / 2));
  const found = new Map<number, Row>();
  const keep = (rows: readonly Row[]): void => {
    for (const row of rows) {
      const step = row[0];
      if (typeof step === 'number') found.set(step, row); // of an empty column nothing is known
    }
  };
  const start = (column: number): number => first + Math.ceil((column * (last - first + 1)) / count);
  for (let column = 0; column < count; column++) {
    const [from, to] = [start(column), start(column + 1) - 1];
    if (to < from) continue;
    keep(rowsOf('lowest', from, to));
    keep(rowsOf('highest', from, to));
  }
  keep(rowsOf('whole', first, first));
  keep(rowsOf('whole', last, last));
  return [...found.values()].sort(([a], [b]) => (a ?? 0) - (b ?? 0));
}
