// How much a test tries: a few cases in `npm test`, many in the long form (`npm run test:long`, which sets TWIN_LONG). A
// flag of its own sets the number of one kind of trial; docs/tests.md lists them.

/** Whether this is the long form; files called `*.long.test.ts` run in it alone. */
export const long: boolean = Boolean(process.env.TWIN_LONG);

/** What each flag counts, and how many there are in the long form. */
const kinds = {
  /** Bits flipped in each file of a folder. */
  TWIN_FLIPS: 25,
  /** Times that a command is killed. */
  TWIN_KILLS: 25,
} as const;

/** How often to try: `usual` in `npm test`. */
export function times(flag: keyof typeof kinds, usual: number): number {
  const wanted = process.env[flag];
  if (wanted !== undefined && !/^[1-9]\d*$/.test(wanted)) {
    throw new Error(`${flag} must be a number above 0: ${wanted}`);
  }
  return wanted === undefined ? (long ? kinds[flag] : usual) : Number(wanted);
}

/** Milliseconds that a test may take whose cases are many in the long form. */
export const patience = (milliseconds: number): number => (long ? 20 : 1) * milliseconds;

/** Every how manieth bit of a small file is flipped: all of them in the long form, or with TWIN_EVERY_BIT. */
export const everyBit = (usual: number): number => (long || process.env.TWIN_EVERY_BIT ? 1 : usual);

/** What TWIN_SEED says of random cases: the same in every run by default, others for a number, and new ones for `random`. */
export function seed(usual: number): number {
  const wanted = process.env.TWIN_SEED;
  if (wanted === undefined) {
    return usual;
  }
  if (wanted === "random") {
    return Math.floor(Math.random() * 2 ** 31);
  }
  if (!/^\d+$/.test(wanted)) {
    throw new Error(`TWIN_SEED must be a number or \`random\`: ${wanted}`);
  }
  return Number(wanted);
}
