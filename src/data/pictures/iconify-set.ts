import { join } from "node:path";
import { z } from "zod";
import { readPackageJson, type PicturePackage } from "./picture-package.ts";

const size = z.number().optional();
const iconSchema = z.object({ body: z.string(), left: size, top: size, width: size, height: size, hidden: z.boolean().optional() });
const aliasSchema = z.object({ parent: z.string(), rotate: size, hFlip: z.boolean().optional(), vFlip: z.boolean().optional() });
const iconsSchema = z.object({
  icons: z.record(z.string(), iconSchema),
  aliases: z.record(z.string(), aliasSchema).optional(),
  left: size,
  top: size,
  width: size,
  height: size,
});

/** A set of drawings in Iconify's JSON format: one file of SVG bodies by name. */
export class IconifySet {
  readonly #content: z.infer<typeof iconsSchema>;

  private constructor(content: z.infer<typeof iconsSchema>) {
    this.#content = content;
  }

  /** Reads `icons.json` of a package. @throws {DataError} if the file is damaged. */
  static async load(source: PicturePackage): Promise<IconifySet> {
    return new IconifySet(await readPackageJson(join(source.folder, "icons.json"), iconsSchema));
  }

  /** The names of the drawings themselves, aliases and withdrawn ones left out. */
  get names(): string[] {
    return Object.entries(this.#content.icons).flatMap(([name, icon]) => (icon.hidden === true ? [] : [name]));
  }

  /** The drawing of that name (or of the name it is an alias of) as SVG text; undefined if there is none or it is a turned copy. */
  svg(name: string): string | undefined {
    const icon = this.#content.icons[name];
    if (icon === undefined) return this.#aliasSvg(name);
    const { left = 0, top = 0, width = 16, height = 16 } = { ...this.#content, ...icon };
    const viewBox = `viewBox="${left} ${top} ${width} ${height}"`;
    const namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"';
    return `<svg ${namespaces} ${viewBox} width="${width}" height="${height}">${icon.body}</svg>`;
  }

  #aliasSvg(name: string): string | undefined {
    const alias = this.#content.aliases?.[name];
    if (alias === undefined || alias.rotate !== undefined || alias.hFlip === true || alias.vFlip === true) return undefined;
    return this.svg(alias.parent);
  }
}

/** Reads `chars.json` of a package of emoji: code points in hexadecimal -> name of the drawing. @throws {DataError} if the file is damaged. */
export async function readIconifyCharacters(source: PicturePackage): Promise<Readonly<Record<string, string>>> {
  return readPackageJson(join(source.folder, "chars.json"), z.record(z.string(), z.string()));
}
