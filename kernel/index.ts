// The selection kernel: scores, selection and attention over one memory that its host lays out. It allocates nothing.
import { attend, compute, pick } from "./attend.ts";
import { greater, score } from "./score.ts";
import { about, select, selectBytes, stateBytes } from "./select.ts";

export { about, attend, compute, greater, pick, score, select, selectBytes, stateBytes };
