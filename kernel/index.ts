// The selection kernel: scores, selection and attention over one memory that its host lays out. It allocates nothing.
import { agree, agreeKept, spread } from "./agree.ts";
import { attend, compute, pick } from "./attend.ts";
import { lay, turn } from "./pack.ts";
import { greater, score } from "./score.ts";
import { about, select, selectBytes, stateBytes } from "./select.ts";

export {
  about,
  agree,
  agreeKept,
  attend,
  compute,
  greater,
  lay,
  pick,
  score,
  select,
  selectBytes,
  spread,
  stateBytes,
  turn,
};
