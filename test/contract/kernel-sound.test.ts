// The manifest's section `kernel` is held against graphs and tables: what it says is read as memory.
import { describe, expect, it } from "vitest";
import { extensionFault, manifestSections } from "../../contract/extensions.ts";
import { kernelOf } from "../../contract/kernel-of.ts";
import { expectKernel } from "../../contract/kernel-sound.ts";
import type { KernelPlanSpec } from "../../contract/kernel-spec.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { compiled, smallSource } from "../kit/small-model.ts";

const { manifest } = compiled();

/** The fault that is found in the manifest after a change of its section's plan. */
function fault(change: (plan: KernelPlanSpec, whole: Manifest) => void, of = manifest): string | null {
  const copy = structuredClone(of);
  const kernel = kernelOf(copy);
  if (kernel === null || !kernel.runs) {
    throw new Error("the small model is run by the kernel");
  }
  const whole = { ...copy, extensions: { kernel: { required: false, content: kernel } } };
  change(kernel.cached, whole);
  try {
    expectKernel(whole, (what) => {
      throw new Error(what);
    });
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

describe("the section kernel", () => {
  it("fits as it is built, and where the model has no search it says so", () => {
    expect(fault(() => undefined)).toBeNull();
    expect(kernelOf({ extensions: {} })).toBeNull();
    const match = smallSource
      .replace(/(search \w+ \{[^}]*?by: )\w+/, "$1match(item.topics)")
      .replace(/heads: \w+\n/, "");
    expect(kernelOf(compiled(match).manifest)).toEqual({
      runs: false,
      because: expect.stringContaining("match(item.topics)"),
    });
  });

  it("fits where scores gain by what agrees, and attends say how strongly", () => {
    const told = smallSource
      .replaceAll(/(attend \w+ \{[^}]*?by: \w+)/g, "$1 strength: true")
      .replace(/(metric \w+ \{)/, "$1 match: [item.topics]");
    const { manifest } = compiled(told);
    expect(fault(() => undefined, manifest)).toBeNull();
    const changes: readonly [RegExp, (plan: KernelPlanSpec) => unknown][] = [
      [/kernel_head has no input .* for /, ({ attends: [one] }) => Object.assign(one, { strength: undefined })],
      [
        /kernel_query has no output none int32/,
        ({ products: [{ match }] }) => Object.assign(match![0], { candidates: "none" }),
      ],
      [
        /kernel_user has no output none int32/,
        ({ products: [{ match }] }) => Object.assign(match![0], { behaviours: "none" }),
      ],
      [
        /kernel_user has no output none float32/,
        ({ products: [{ match }] }) => Object.assign(match![0], { worth: "none" }),
      ],
      [/int32 \[candidates, 99\]/, ({ products: [{ match }] }) => Object.assign(match![0], { rows: 99 })],
    ];
    for (const [message, change] of changes) {
      expect(fault((plan) => void change(plan), manifest)).toMatch(message);
    }
  });

  it("is read once, whoever asks, and anew of another manifest", () => {
    expect(kernelOf(manifest)).toBe(kernelOf({ extensions: { ...manifest.extensions } }));
    const other = structuredClone(manifest);
    expect(kernelOf(other)).not.toBe(kernelOf(manifest));
    expect(kernelOf(other)).toEqual(kernelOf(manifest));
  });

  const broken: readonly [string, (plan: KernelPlanSpec, whole: Manifest) => void, RegExp][] = [
    ["no such history", ({ products: [one] }) => Object.assign(one, { history: "none" }), /no history none/],
    [
      "a query that is none",
      ({ products: [one] }) => Object.assign(one, { query: "none" }),
      /kernel_query has no output none float32 \[2, candidates, 4\]/,
    ],
    ["a query of another width", ({ products: [one] }) => Object.assign(one, { width: 5 }), /\[2, candidates, 5\]/],
    [
      "keys behind the row",
      ({ products: [one] }) => Object.assign(one.keys, { offset: 9 }),
      /the keys of .* are not in the rows of video_keys/,
    ],
    ["keys of no table", ({ products: [one] }) => Object.assign(one.keys, { table: "none" }), /no table none/],
    [
      "a bias that is a mask",
      ({ products: [one], searches: [two] }) => Object.assign(one, { bias: two.mask }),
      /no output .*mask float32 \[2, history\]/,
    ],
    ["two of one name", ({ products }) => products.push(products[0]), /names something twice/],
    ["no such product", ({ searches: [one] }) => Object.assign(one, { product: "none" }), /no product none/],
    ["another keep", ({ searches: [one] }) => Object.assign(one, { keep: 5 }), /the search .* is another one/],
    [
      "a search that the model lacks",
      ({ searches: [one] }) => Object.assign(one, { search: "none" }),
      /no search none/,
    ],
    [
      "a mask that is none",
      ({ searches: [one] }) => Object.assign(one, { mask: "kept" }),
      /no output kept float32 \[history\]/,
    ],
    ["no such attend", ({ attends: [one] }) => Object.assign(one, { attend: "none" }), /no attend none/],
    [
      "over another part",
      ({ attends: [one] }) => Object.assign(one, { over: { kind: "last", count: 3 } }),
      /is another one/,
    ],
    ["another input", ({ attends: [one] }) => Object.assign(one, { pooled: "none" }), /kernel_head has no input none/],
    ["an input that nothing gives", ({ attends }) => attends.splice(0, 1), /nothing gives kernel_head/],
    ["a graph that is not there", (_, whole) => delete whole.graphs.kernel_query, /no graph kernel_query/],
  ];
  it.each(broken)("is refused: %s", (_, change, message) => {
    expect(fault((plan, whole) => void change(plan, whole))).toMatch(message);
  });

  it("of a later version, with kinds that are not known, is read past; what fits no kind is refused", () => {
    const later = structuredClone(manifest.extensions);
    const content = later.kernel.content as { cached: { attends: { values: { kind: string }[] }[] } };
    content.cached.attends[0].values[0].kind = "packed";
    expect(extensionFault(later, manifestSections)).toBeNull();
    expect(kernelOf({ extensions: later })).toEqual({ runs: false, because: expect.stringContaining("later version") });
    expect(() => kernelOf({ extensions: { kernel: { ...later.kernel, required: true } } })).toThrow(/packed/);
    const damaged = structuredClone(manifest.extensions);
    Object.assign((damaged.kernel.content as typeof content).cached.attends[0], { width: -1 });
    expect(extensionFault(damaged, manifestSections)).toMatch(/^extensions\.kernel\.cached\.attends\.0\.width: /);
    expect(() => kernelOf({ extensions: damaged })).toThrow();
  });

  describe("with values in a table", () => {
    type Operands = KernelPlanSpec["attends"][number]["values"];
    /** Changes what a cross feature adds to the values. */
    const changed = (change: (one: Operands[number]) => void) =>
      fault(({ attends }) => {
        const { values } = attends.find(({ attend }) => attend === "interest")!;
        change(values.find(({ kind }) => kind === "lookup")!);
      });

    it("fits: rows of the table, and of each small cross feature", () => {
      const kernel = kernelOf(manifest);
      const { attends } = (kernel as Extract<typeof kernel, { runs: true }>).cached;
      expect(attends.find(({ attend }) => attend === "interest")!.values).toEqual([
        { kind: "table", table: expect.any(String), offset: expect.any(Number) },
        { kind: "lookup", rows: "interest.v.ago", row: "interest.v.ago.row" },
        { kind: "lookup", rows: "interest.v.liked", row: "interest.v.liked.row" },
      ]);
    });

    it("is refused where rows are of another shape, or their numbers are none", () => {
      expect(changed((one) => Object.assign(one, { rows: "relevance.bias" }))).toMatch(
        /no output relevance\.bias float32 \[…, 2, \d+\]/,
      );
      expect(changed((one) => Object.assign(one, { row: "nearest.mask" }))).toMatch(
        /no output nearest\.mask int32 \[history\]/,
      );
    });
  });
});
