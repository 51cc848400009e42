import { parseSync, Visitor, type Expression, type Node } from "oxc-parser";

/** Something found in a source, with its line (from 1). */
export interface Found {
  readonly text: string;
  readonly line: number;
}

/** One import of a source. `static` ones are loaded with it; the others later or, for types, never. */
export interface FoundImport extends Found {
  readonly kind: "static" | "dynamic" | "type" | "url";
}

/** What the checks need to know of one source. */
export interface SourceFacts {
  /** Specifiers of every import and re-export: static, type-only, `import()`, `import("x").T`, `new URL("x", import.meta.url)`. */
  readonly imports: readonly FoundImport[];
  /** Throws and rejections of the language's own error classes. */
  readonly bareErrors: readonly Found[];
  /** Uses of the console and of the process's streams and exit. */
  readonly prints: readonly Found[];
}

const BARE_ERRORS: ReadonlySet<string> = new Set(["Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError", "AggregateError"]);
const PROCESS_PRINTS: ReadonlySet<string> = new Set(["stdin", "stdout", "stderr", "exit", "exitCode", "abort"]);

/** Parses one source and collects its facts. */
export function readFacts(file: string, text: string): SourceFacts {
  const facts = { imports: [] as FoundImport[], bareErrors: [] as Found[], prints: [] as Found[] };
  const lineOf = lineCounter(text);
  const addImport = (source: Node, kind: FoundImport["kind"]): void => {
    if (source.type !== "Literal" || typeof source.value !== "string") return;
    facts.imports.push({ text: source.value, line: lineOf(source.start), kind });
  };
  const addBareError = (thrown: Node | undefined): void => {
    if (thrown?.type !== "NewExpression" || thrown.callee.type !== "Identifier" || !BARE_ERRORS.has(thrown.callee.name)) return;
    facts.bareErrors.push({ text: thrown.callee.name, line: lineOf(thrown.start) });
  };
  const visitor = new Visitor({
    ImportDeclaration: ({ source, importKind }) => addImport(source, importKind === "type" ? "type" : "static"),
    ExportAllDeclaration: ({ source, exportKind }) => addImport(source, exportKind === "type" ? "type" : "static"),
    ExportNamedDeclaration: ({ source, exportKind }) => source && addImport(source, exportKind === "type" ? "type" : "static"),
    ImportExpression: ({ source }) => addImport(source, "dynamic"),
    TSImportType: ({ source }) => addImport(source, "type"),
    ThrowStatement: ({ argument }) => addBareError(argument),
    CallExpression: ({ callee, arguments: [first] }) => {
      if (callee.type === "MemberExpression" && isName(callee.property, "reject")) addBareError(first);
      if (isName(callee, "reject")) addBareError(first);
    },
    NewExpression: ({ callee, arguments: [first, base] }) => {
      if (isName(callee, "URL") && first !== undefined && base !== undefined) addImport(first, "url");
    },
    MemberExpression: ({ object, property, start }) => {
      const printed = printedThrough(object, property);
      if (printed !== undefined) facts.prints.push({ text: printed, line: lineOf(start) });
    },
  });
  visitor.visit(parseSync(file, text).program);
  return facts;
}

function isName(node: Node, name: string): boolean {
  return node.type === "Identifier" && node.name === name;
}

function printedThrough(object: Expression, property: Node): string | undefined {
  if (object.type !== "Identifier" || property.type !== "Identifier") return undefined;
  if (object.name === "console" || (object.name === "process" && PROCESS_PRINTS.has(property.name))) {
    return `${object.name}.${property.name}`;
  }
  return undefined;
}

function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => starts.findLastIndex((start) => start <= offset) + 1;
}
