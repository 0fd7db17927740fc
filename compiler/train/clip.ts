// Clipping by the norm of all gradients together.
import { builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";

/** Added to the norm, as PyTorch's `clip_grad_norm_` does. */
const epsilon = 1e-6;

/** The gradients times min(1, most / (norm + ε)), where the norm is taken over all of them; null: as they are. */
export function clipped(gradients: readonly Value[], most: number | null): Value[] {
  if (most === null || gradients.length === 0) {
    return [...gradients];
  }
  const b = builder("update/clip");
  const squares = gradients.map((gradient) =>
    b.sum(
      b.mul(gradient, gradient),
      Array.from(gradient.shape, (_, axis) => axis),
    ),
  );
  const norm = b.sqrt(squares.reduce((left, right) => b.add(left, right)));
  const scale = b.minimum(b.div(b.scalar(most), b.add(norm, b.scalar(epsilon))), b.scalar(1));
  return gradients.map((gradient) => b.mul(gradient, scale));
}
