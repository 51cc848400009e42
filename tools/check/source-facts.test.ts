import { describe, expect, it } from "vitest";
import { readFacts } from "./source-facts.ts";

describe("readFacts", () => {
  it("finds every kind of import, with its line", () => {
    const text = [
      'import { a } from "./a.ts";',
      'import type { B } from "./b.ts";',
      'export * from "./c.ts";',
      'export type { D } from "./d.ts";',
      'const e = await import("./e.ts");',
      'let f: import("./f.ts").F;',
      'new Worker(new URL("./g.ts", import.meta.url));',
      '// import "./h.ts"',
      'const text = `import "./i.ts"`;',
    ].join("\n");
    expect(readFacts("x.ts", text).imports).toEqual([
      { text: "./a.ts", line: 1, kind: "static" },
      { text: "./b.ts", line: 2, kind: "type" },
      { text: "./c.ts", line: 3, kind: "static" },
      { text: "./d.ts", line: 4, kind: "type" },
      { text: "./e.ts", line: 5, kind: "dynamic" },
      { text: "./f.ts", line: 6, kind: "type" },
      { text: "./g.ts", line: 7, kind: "url" },
    ]);
  });

  it("finds bare errors that are thrown or rejected with, and no others", () => {
    const text = [
      'throw new Error("a");',
      'await Promise.reject(new RangeError("b"));',
      'new Promise((resolve, reject) => reject(new TypeError("c")));',
      'throw new ShapeError({ message: "d" });',
      "const trace = new Error().stack;",
    ].join("\n");
    expect(readFacts("x.ts", text).bareErrors).toEqual([
      { text: "Error", line: 1 },
      { text: "RangeError", line: 2 },
      { text: "TypeError", line: 3 },
    ]);
  });

  it("finds what prints or ends the process", () => {
    const text = ["console.log(1);", "process.stdout.write('x');", "process.exit(1);", "process.env.HOME;", "process.cwd();"].join("\n");
    expect(readFacts("x.ts", text).prints).toEqual([
      { text: "console.log", line: 1 },
      { text: "process.stdout", line: 2 },
      { text: "process.exit", line: 3 },
    ]);
  });
});
