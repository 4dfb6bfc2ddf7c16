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

/**
 * Two points of each of n columns of equal numbers of points: its least and its largest value, and its first where none is
 * finite. SQLite takes bare columns from the row of the minimum or maximum (https://sqlite.org/lang_select.html#bareagg).
 */
const decimated = `
WITH numbered AS (
  SELECT step, session, time, relative, value, (row_number() OVER (ORDER BY step) - 1) * :columns / :total AS place
  FROM points WHERE run = :run AND metric = :metric AND step BETWEEN :from AND :to
)
SELECT step, session, time, relative, min(value) AS value FROM numbered GROUP BY place
UNION
SELECT step, session, time, relative, max(value) AS value FROM numbered GROUP BY place
UNION
SELECT * FROM (SELECT step, session, time, relative, value FROM points WHERE run = :run AND metric = :metric AND step BETWEEN :from AND :to ORDER BY step LIMIT 1)
UNION
SELECT * FROM (SELECT step, session, time, relative, value FROM points WHERE run = :run AND metric = :metric AND step BETWEEN :from AND :to ORDER BY step DESC LIMIT 1)
ORDER BY step`;

const whole = `
SELECT step, session, time, relative, value FROM points
WHERE run = :run AND metric = :metric AND step BETWEEN :from AND :to ORDER BY step`;

export function createPointStore(database: DatabaseSync): PointStore {
  const statements = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const known = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, known);
    return known;
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
      const place = { run, metric: metricNumber(metric), from: fromStep, to: toStep };
      const count = prepare(
        'SELECT count(*) AS total FROM points WHERE run = :run AND metric = :metric AND step BETWEEN :from AND :to',
      ).get(place);
      const total = Number(count?.total);
      // Two points a column, and the two ends.
      const columns = Math.max(1, Math.floor((maximumPoints - 2) / 2));
      const rows =
        total <= maximumPoints ? prepare(whole).all(place) : prepare(decimated).all({ ...place, columns, total });
      const points = rows.map(({ step, session, time, relative, value }) => ({
        step: Number(step),
        session: Number(session),
        time: Number(time),
        relative: Number(relative),
        value: typeof value === 'number' ? value : null,
      }));
      return { metric, points, total };
    },
  };
}
