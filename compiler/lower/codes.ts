// Codes of items: on which side of random planes an item's columns lie, ±1 a plane (sign random projections, Charikar 2002).
import { streams } from "../../contract/random.ts";
import type { Builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import type { Feature, Model } from "../model/model.ts";
import { embeddingStart, type Parameter, parameter } from "../model/parameter.ts";
import { stem } from "../model/ports.ts";
import type { Site } from "../model/site.ts";
import { columnsOf, widthOf } from "../model/widths.ts";
import { concatenated, embed, itemIndex } from "./embed.ts";
import { momentum } from "./layer.ts";
import type { Scene } from "./scene.ts";

/** Which planes a stage hashes by. */
export interface Planes {
  /** Of the stage, which its parameter is named after. */
  readonly name: string;
  readonly bits: number;
  readonly seed: number;
  /** Whether every feature's columns are divided by the root of their mean square, or all are taken as they are. */
  readonly scale: "rms" | "none";
}

const squares = ({ name }: Pick<Planes, "name">): string => `${name}.square`;

const hashed = ({ item }: Pick<Model, "item">): readonly Feature[] => columnsOf(item);

/** The mean square of each feature's columns, as steps find it: what start values have of a table, else 1. */
export function squareParameters(model: Model, { name, scale }: Pick<Planes, "name" | "scale">): readonly Parameter[] {
  if (scale === "none") {
    return [];
  }
  const features = hashed(model);
  const starts = features.map(({ embedding }) => {
    const start = embedding === null ? null : embeddingStart(embedding.rows);
    return start?.kind === "uniform" ? start.bound ** 2 / 3 : 1;
  });
  return [parameter(squares({ name }), [features.length], { kind: "given", values: starts }, "statistic")];
}

/**
 * ±1: [… bits] at a site. Every feature's columns are divided by the root of their mean square, or those with the widest
 * start values would decide every bit; of `scale: none` they do. No gradient passes.
 */
export function codes(scene: Scene, planes: Planes, site: Site): Value {
  const features = hashed(scene.model);
  return scene.once(`codes ${planes.name} ${site.kind === "items" ? "items" : stem(site)}`, () => {
    const items = itemIndex(scene, features, site);
    const b = scene.b.at(`${planes.name}/codes`);
    if (items) {
      return b.gather(codes(scene, planes, { kind: "items" }), items);
    }
    const x = concatenated(scene, features, site, `${planes.name}/codes`);
    const columns = widthOf(features);
    const scaled = planes.scale === "none" ? x : b.div(x, roots(scene, b, planes, features));
    const sides = b.matmul(scaled, b.floats(normals(planes, columns), [columns, planes.bits]));
    const above = b.cast(b.greater(sides, b.scalar(0)), "float32");
    return b.sub(b.mul(above, b.scalar(2)), b.scalar(1));
  });
}

/** Of each column the root of its feature's mean square: [columns]. */
function roots(scene: Scene, b: Builder, planes: Planes, features: readonly Feature[]): Value {
  const square = scene.b.parameter(squares(planes), [features.length]);
  const feature = features.flatMap(({ width }, index) => new Array<number>(width).fill(index));
  return b.sqrt(b.add(b.gather(square, b.ints(feature)), b.scalar(least)));
}

/** Of a column that is 0 wherever it was met. */
const least = 1e-12;

/** [columns, bits], the same wherever seed, columns and bits are. */
function normals({ bits, seed }: Planes, columns: number): Float32Array {
  const { normal } = streams.planes(seed, columns, bits);
  return Float32Array.from({ length: columns * bits }, normal);
}

/** Where the graph learns: the running mean squares, over the items of the batch. */
export function measureSquares(scene: Scene, { name, scale }: Pick<Planes, "name" | "scale">): void {
  if (scene.training?.learns !== true || scale === "none") {
    return;
  }
  const b = scene.b.at(`${name}/square`);
  const features = hashed(scene.model);
  const now = features.map((feature) => {
    const x = embed(scene, feature, { kind: "items" });
    return b.mean(b.mul(x, x), [0, 1], false);
  });
  const all = b.concat(
    now.map((one) => b.unsqueeze(one, 0)),
    0,
  );
  const old = scene.b.parameter(squares({ name }), [features.length]);
  scene.training.measured.set(
    squares({ name }),
    b.add(b.mul(old, b.scalar(1 - momentum)), b.mul(all, b.scalar(momentum))),
  );
}
