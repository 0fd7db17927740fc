// tables/published.json: which generations in which Redis belong to a build folder, pinned by number and fingerprint.
import * as v from "valibot";
import { parseChecked } from "../../contract/checked-text.ts";
import { TwinError } from "../../contract/error.ts";
import { named, strict } from "../../contract/named-schema.ts";
import { GenerationSchema } from "../table/generation-description.ts";
import { ItemLayoutSchema } from "../table/item-layout.ts";
import { addressText, parseAddress } from "./address.ts";

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(natural, v.minValue(1));
const space = {
  prefix: v.pipe(v.string(), v.regex(/^twin:[0-9a-f]{8}$/)),
  generation: positive,
  buckets: positive,
  /** Rows that lie there, that of what is absent not counted. */
  count: natural,
};
const width = v.pipe(positive, v.maxValue(2 ** 31));

const PublishedSchema = strict({
  format: v.literal(1),
  /** Without secrets; TWIN_REDIS_URL names another way to the same server. */
  address: v.pipe(
    v.string(),
    v.check((text) => addressText(parseAddress(text)) === text, "the address of a Redis"),
  ),
  /** What the generation says of itself that was published. */
  described: GenerationSchema,
  tables: named(
    strict({
      ...space,
      rows: strict({
        precision: v.picklist(["float32", "float16", "uint8"]),
        width,
        heads: v.pipe(v.array(width), v.minLength(1)),
      }),
    }),
  ),
  items: strict({
    ...space,
    layout: ItemLayoutSchema,
    /** The record of the unknown item, base64. */
    absent: v.pipe(v.string(), v.base64()),
  }),
  /** By parameter: embedding tables that no graph holds. */
  embeddings: named(strict({ ...space, dim: width, fingerprint: v.string() })),
  checksum: v.optional(v.string()),
});

export type Published = v.InferOutput<typeof PublishedSchema>;

const again = "Publish the tables again: twin table publish DIR --to ADDRESS";

/** @param path for errors @throws TwinError where it is damaged, foreign or of another version */
export const parsePublished = (text: string, path: string): Published =>
  parseChecked(PublishedSchema, text, path, again);

/**
 * Rows of an embedding of other weights would be rows of other meaning.
 * @param dir the build folder @param weights SHA-256 of its weights
 * @throws TwinError naming the embedding
 */
export function expectOwnWeights({ embeddings, address }: Published, dir: string, weights: string | undefined): void {
  const wrong = Object.entries(embeddings).find(([, { fingerprint }]) => fingerprint !== weights);
  if (wrong !== undefined) {
    throw new TwinError(
      `${dir}: the rows of ${wrong[0]} in ${address} are of other weights than the build's. Publish its own: twin table publish ${dir} --to ${address}`,
    );
  }
}
