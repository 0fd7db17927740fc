// One number for each pair of candidate and behaviour.
import type { Builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import type { Frame } from "./frame.ts";

/**
 * q · s of candidates' vectors [R, w] and those of a frame's behaviours, [M, w], [R, M, w] or [A, R, M, w]: [R, M], where every
 * head has its own list [A, R, M].
 */
export const pairProducts = (b: Builder, { pairwise }: Pick<Frame, "pairwise">, q: Value, s: Value): Value =>
  pairwise ? b.squeeze(b.matmul(s, b.unsqueeze(q, -1)), -1) : b.matmul(q, b.transpose(s, [1, 0]));
