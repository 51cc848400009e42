import { describe, expect, test } from "vitest";
import { DataError } from "../../errors/families.ts";
import { IconifySet } from "./iconify-set.ts";
import { findPicturePackage } from "./picture-package.ts";

describe("findPicturePackage", () => {
  test("finds an installed package and its version", async () => {
    const found = await findPicturePackage("@phosphor-icons/core");
    expect(found.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(found.folder).toMatch(/@phosphor-icons.core$/);
  });

  test("says how to get one that is not installed", async () => {
    const error: unknown = await findPicturePackage("@polyvec/no-such-pictures").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).details).toEqual({ package: "@polyvec/no-such-pictures" });
    expect((error as DataError).message).toContain("npm install");
  });
});

describe("IconifySet", () => {
  test("gives drawings by name and by alias, none for a name it has not", async () => {
    const set = await IconifySet.load(await findPicturePackage("@iconify-json/flat-color-icons"));
    expect(set.names.length).toBeGreaterThan(300);
    expect(set.svg(set.names[0] as string)).toMatch(/^<svg .*viewBox="0 0 48 48"/);
    expect(set.svg("no such drawing")).toBeUndefined();
  });
});
