// The selection kernel: scores, selection and attention over one memory that its host lays out. It allocates nothing.
import { agree, agreeKept, spread } from "./agree.ts";
import { attend, compute, pick } from "./attend.ts";
import { biases, greatest, scoreItems } from "./items.ts";
import { lay, turn } from "./pack.ts";
import { greater, score } from "./score.ts";
import { about, select, selectBytes, stateBytes } from "./select.ts";

export {
  about,
  agree,
  agreeKept,
  attend,
  biases,
  compute,
  greater,
  greatest,
  lay,
  pick,
  score,
  scoreItems,
  select,
  selectBytes,
  spread,
  stateBytes,
  turn,
};
