// The lists of behaviours that an attend goes over.
import type { Attend, Over } from "./model.ts";

/** In the order in which they are written; most attends go over one. */
export const oversOf = ({ over, beside }: Pick<Attend, "over" | "beside">): readonly Over[] => [over, ...beside];
