import { DRAWING_SETS, type DrawingSet } from "../../data/emoji/drawing-sets.ts";

/** The sets of emoji that are searched: those that draw every concept. */
export const SEARCHED_SETS: readonly DrawingSet[] = DRAWING_SETS.filter(({ role }) => role !== "extra");

/** Their names, which `--vendor` takes. */
export const VENDORS: readonly string[] = SEARCHED_SETS.map(({ name }) => name);
