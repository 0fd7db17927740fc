// Timing by turns, so that a drift of the machine meets all contenders alike; medians and spread.

export interface Contender {
  readonly name: string;
  run(): Promise<unknown>;
}

export interface Timing {
  readonly name: string;
  /** Milliseconds. */
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/**
 * In each of `rounds` every contender runs `row` + 1 times; the first of these warms its caches and is not counted.
 * One round goes ahead uncounted.
 */
export async function byTurns(contenders: readonly Contender[], rounds: number, row = 3): Promise<Timing[]> {
  const times = contenders.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      for (let turn = 0; turn <= (round < 0 ? 0 : row); turn++) {
        const start = performance.now();
        await contender.run();
        if (turn > 0) {
          times[i].push(performance.now() - start);
        }
      }
    }
  }
  return contenders.map(({ name }, i) => {
    const sorted = times[i].sort((a, b) => a - b);
    return { name, median: sorted[sorted.length >> 1], least: sorted[0], most: sorted[sorted.length - 1] };
  });
}

/** Left-aligned first column, right-aligned rest. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join("  ");
  return rows.map((row) => line(row).trimEnd()).join("\n");
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

export const milliseconds = (value: number): string => value.toFixed(value < 10 ? 2 : 1);

export const timed = ({ median, least, most }: Timing): string =>
  `${milliseconds(median)} (${milliseconds(least)}–${milliseconds(most)})`;

const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
};

/** The median, and between which values the middle half lies. */
export const quartiles = (values: readonly number[], text: (value: number) => string): string =>
  `${text(quantile(values, 0.5))} (${text(quantile(values, 0.25))}–${text(quantile(values, 0.75))})`;
