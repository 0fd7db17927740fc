// The selection kernel: scores, selection and attention over one memory that its host lays out. It allocates nothing.
import { attend, compute, pick } from "./attend.ts";
import { lay, turn } from "./pack.ts";
import { greater, score } from "./score.ts";
import { about, select, selectBytes, stateBytes } from "./select.ts";

export { about, attend, compute, greater, lay, pick, score, select, selectBytes, stateBytes, turn };
