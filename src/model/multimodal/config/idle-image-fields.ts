import { z } from "zod";
import { allIgnored, type ignored } from "./ignored-fields.ts";

/** A field that says nothing. */
export const none: z.ZodOptional<z.ZodNull> = z.null().optional();

/** Sides of a size that is given otherwise. */
export const noSides: Readonly<Record<"height" | "width" | "max_height" | "max_width", typeof none>> = {
  height: none,
  width: none,
  max_height: none,
  max_width: none,
};

const NAMES = [
  "data_format",
  "default_to_square",
  "device",
  "disable_grouping",
  "feature_extractor_type",
  "image_processor_type",
  "image_seq_length",
  "input_data_format",
  "processor_class",
  "return_tensors",
] as const;

/** Fields of every image processor's configuration that change nothing in what Polyvec computes. */
export const ignoredImageFields: Readonly<Record<(typeof NAMES)[number], typeof ignored>> = allIgnored(NAMES);
