// Files written whole or not at all, and the errors of the file system as people can use them.
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { TwinError } from "../../contract/error.ts";
import {
  AtomicFile,
  attempt,
  fileError,
  readText,
  removeLeftovers,
  writeFileAtomic,
} from "../../runtime/host/files.ts";

const root = mkdtempSync(join(tmpdir(), "twin-files-"));
let folder = root;
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
});
afterAll(() => rmSync(root, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);

test("a file appears by commit alone, and replaces the earlier one", () => {
  const path = join(folder, "deep", "name.bin");
  writeFileAtomic(path, "first");
  const file = AtomicFile.create(path);
  file.write(bytes("sec"));
  file.write(bytes("ond"));
  expect(file.bytes).toBe(6);
  expect(readFileSync(path, "utf8")).toBe("first");
  file.commit();
  expect(readFileSync(path, "utf8")).toBe("second");
  expect(readdirSync(join(folder, "deep"))).toEqual(["name.bin"]);
  expect(() => file.write(bytes("x"))).toThrow(/already finished/);
});

test("what was written can be replaced before it is committed, and nothing beyond it", () => {
  const path = join(folder, "name.bin");
  const file = AtomicFile.create(path);
  file.write(bytes("0000 and more"));
  file.write(bytes("head"), 0);
  file.write(bytes(" than that"));
  file.commit();
  expect(readFileSync(path, "utf8")).toBe("head and more than that");
});

test("an abandoned file leaves the earlier one and nothing else", () => {
  const path = join(folder, "name");
  writeFileAtomic(path, "first");
  const file = AtomicFile.create(path);
  file.write(bytes("half"));
  file.abort();
  expect(readFileSync(path, "utf8")).toBe("first");
  expect(readdirSync(folder)).toEqual(["name"]);
});

test("a rename that fails is an error and leaves no temporary file", () => {
  const path = join(folder, "taken");
  mkdirSync(join(path, "inner"), { recursive: true });
  expect(() => writeFileAtomic(path, "text")).toThrow(TwinError);
  expect(readdirSync(folder)).toEqual(["taken"]);
});

test("a full disk names the place and the way out", () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  const error = fileError(full, "write", "build/twin/weights.safetensors");
  expect(error).toBeInstanceOf(TwinError);
  expect(error.message).toBe(
    "cannot write build/twin/weights.safetensors: the disk is full. Free some room or choose another place; what was there before is unchanged",
  );
  expect(fileError(error, "write", "elsewhere")).toBe(error);
});

test("leftovers of dead processes go, those of living ones stay", () => {
  const dead = ".current.4194305-0.partial";
  for (const name of [dead, `.current.${process.pid}-3.partial`, ".hidden", "4194305.partial"]) {
    writeFileSync(join(folder, name), "");
  }
  expect(removeLeftovers(folder)).toEqual([dead]);
  expect(readdirSync(folder).sort()).toEqual(
    [`.current.${process.pid}-3.partial`, ".hidden", "4194305.partial"].sort(),
  );
});

test("whoever writes a file removes what killed writers of the same file left, and nothing else", () => {
  const dead = (name: string) => `.${name}.4194305-0.partial`;
  const others = [
    dead("pack.bin.old"),
    dead("old.pack.bin"),
    `.pack.bin.${process.pid}-7.partial`,
    ".pack.bin.1-.partial",
  ];
  for (const name of [dead("pack.bin"), ".pack.bin.4194306-12.partial", ...others]) {
    writeFileSync(join(folder, name), "half");
  }
  symlinkSync("pack.bin", join(folder, "link"));
  writeFileAtomic(join(folder, "pack.bin"), "whole");
  expect(readdirSync(folder).sort()).toEqual([...others, "link", "pack.bin"].sort());
  writeFileSync(join(folder, dead("pack.bin")), "half");
  writeFileAtomic(join(folder, "link"), "through a link");
  expect(readdirSync(folder).sort()).toEqual([...others, "link", "pack.bin"].sort());
});

test("reading says what is wrong with the path", () => {
  expect(() => readText(join(folder, "none"))).toThrow(/cannot read .*none: there is no such file or folder/);
  expect(() => readText(folder)).toThrow(/it is a folder, and a file is due/);
  writeFileSync(join(folder, "large"), "x".repeat(100));
  expect(() => readText(join(folder, "large"), 99)).toThrow(/100 bytes, and at most 99/);
  expect(() => readText(join(folder, "large", "below"))).toThrow(TwinError);
  expect(() => attempt("read", "p", () => JSON.parse("{"))).toThrow(SyntaxError);
});

test("a link is followed, not replaced, and a file keeps its mode", () => {
  mkdirSync(join(folder, "real"));
  const real = join(folder, "real", "model.twin");
  const link = join(folder, "link.twin");
  writeFileSync(real, "old");
  chmodSync(real, 0o640);
  symlinkSync("real/model.twin", link);
  writeFileAtomic(link, "new");
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(real, "utf8")).toBe("new");
  expect(statSync(real).mode & 0o777).toBe(0o640);
  expect(readdirSync(join(folder, "real"))).toEqual(["model.twin"]);
});

test("what is no file is not replaced", () => {
  expect(() => writeFileAtomic("/dev/null", "x")).toThrow(/cannot write \/dev\/null: it is a device or a pipe/);
  expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  expect(() => writeFileAtomic(folder, "x")).toThrow(/it is a folder, and a file is due/);
});

test("bytes that are no UTF-8 are refused by their place; a byte order mark is left out", () => {
  const path = join(folder, "latin1.json");
  writeFileSync(path, Buffer.from('{\n"a": "caf\xe9 x"}', "latin1"));
  expect(() => readText(path)).toThrow(/latin1\.json is not UTF-8 text: its byte 1[12] \(0x(e9|20), line 2\).*iconv/);
  writeFileSync(path, "\ufeff{}\u{1F600}\ufffd");
  expect(readText(path)).toBe("{}\u{1F600}\ufffd");
  writeFileSync(path, Buffer.concat([Buffer.from("é"), Buffer.from([0xe2, 0x82])]));
  expect(() => readText(path)).toThrow(/its byte 3 /);
});
