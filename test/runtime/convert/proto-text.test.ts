// Protobuf's text format: what EasyRec's configurations are written in, tidy or not, and where a broken one breaks.
import { describe, expect, it } from "vitest";
import { parseProtoText } from "../../../runtime/data/convert/proto-text.ts";

const parse = (text: string) => parseProtoText(text, "pipeline.config");

describe("protobuf's text format", () => {
  it("reads messages with and without a colon, in either bracket, and what is repeated", () => {
    const message = parse(`
      # a comment, with { brackets
      data_config: { separator: "\\001" ; input_fields { input_name:'clk' input_type: INT32 }, input_fields < input_name: "b" > }
      feature_configs : { input_names: ["age", 'sex'] boundaries: 1.5 boundaries: [2, 3e1, -4.f] vocab_list: [] }
      flags { a: true b: 1 c: false }`);
    const [data] = message.messages("data_config");
    expect(data!.text("separator")).toBe("\x01");
    expect(data!.messages("input_fields").map((field) => field.text("input_name"))).toEqual(["clk", "b"]);
    const [feature] = message.messages("feature_configs");
    expect(feature!.texts("input_names")).toEqual(["age", "sex"]);
    expect(feature!.numbers("boundaries")).toEqual([1.5, 2, 30, -4]);
    expect(feature!.texts("vocab_list")).toEqual([]);
    const [flags] = message.messages("flags");
    expect(["a", "b", "c", "d"].map((name) => flags!.flag(name))).toEqual([true, true, false, false]);
    expect([...message.below()]).toHaveLength(5);
  });

  it.each([
    [String.raw`"a\tb\"c\\"`, 'a\tb"c\\'],
    [String.raw`'\x1d\035'`, "\x1d\x1d"],
    [String.raw`"\346\227\245" '本'`, "日本"],
    ['"日😀é"', "日😀é"],
    ['"raw \x1d"', "raw \x1d"],
    ['""', ""],
    ['"x" # one\n  "y"', "xy"],
  ])("reads the text %s", (written, value) => {
    expect(parse(`a: ${written}`).text("a")).toBe(value);
  });

  it.each([
    ["a { b: 1", /pipeline\.config:1:3: this bracket is never closed; `}` is due/],
    ["a: 1\nb: [1, 2", /pipeline\.config:2:4: this bracket is never closed; `\]` is due/],
    ["a: 1\n\n  }", /pipeline\.config:3:3: `}` has no meaning here; a field's name is due/],
    ['a: "x\nb: 1', /pipeline\.config:1:4: this text does not end on its line; " is due/],
    ["a 1", /pipeline\.config:1:3: `a` has neither `:` with a value nor `{ … }`/],
    ["a: ", /pipeline\.config:1:4: a value is due for `a`/],
    ["a: [1 2]", /pipeline\.config:1:7: `,` or `\]` is due in the list of `a`/],
    ["{\n}", /pipeline\.config:1:1: `{` has no meaning here/],
  ])("says where %j breaks", (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it("ends where messages nest too deep", () => {
    expect(() => parse("a {".repeat(100_000))).toThrow(
      /pipeline\.config:1:30\d: it is nested more than 100 levels deep/,
    );
  });

  it("says where a value is of the wrong sort", () => {
    const message = parse("a: x\nb { c: 1 }");
    expect(() => message.number("a")).toThrow(/pipeline\.config:1:4: `a` is `x`, and a number is due/);
    expect(() => message.text("b")).toThrow(/pipeline\.config:2:3: `b` is { … }, and a value is due/);
    expect(() => message.messages("a")).toThrow(/pipeline\.config:1:4: `a` is "x", and { … } is due/);
  });
});
