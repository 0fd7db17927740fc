// A model whose largest table grows with the catalogue: 32 numbers an item.
import { check, load } from "../../compiler/index.ts";
import type { PeerModel } from "../peers/models.ts";

export const width = 32;

export const ofCatalogue =
  (items: number) =>
  (batch: number, history: number): PeerModel => {
    const source = `
model catalogue
item {
  video_id: id(vocab: ${items}, dim: ${width}, key: true, unknown: 0%)
  category: id(vocab: 100, dim: 16, unknown: 0%)
}
context { hour: id(vocab: 24, dim: 8, unknown: 0%) }
history watched {
  of:  item
  max: ${history}
  cross { liked: flag(dim: 8) }
}
metric relevance { query: item keys: watched.item bias: watched.cross heads: 4 dim: 16 }
search nearest { from: watched by: relevance keep: 100 }
attend interest { over: nearest by: relevance }
tower ranking { input: [interest, item, context] hidden: [128, 64] predict { click: binary } }
train { embeddings: adagrad(rate: 0.05) dense: adam(rate: 1e-3) batch: ${batch} }
`;
    const { model, diagnostics } = check(load("catalogue.twin", () => source));
    if (model === null) {
      throw new Error(diagnostics.map(({ code, title }) => `${code}: ${title}`).join("\n"));
    }
    return { source, model };
  };
