import { z } from "zod";
import type { VisionActivation } from "../../nn/vision-activation.ts";

/** A schema for each field of an interface, which a configuration's own schema is put together from. */
export type Fields<Raw> = { readonly [Name in keyof Raw]-?: z.ZodType<Raw[Name]> };

/** How many there are of something, or its size. */
export const count: z.ZodNumber = z.number().int().positive();

/** A number above 0. */
export const positive: z.ZodNumber = z.number().positive();

/** The id of a token. */
export const tokenId: z.ZodNumber = z.number().int().nonnegative();

/** The activation of a vision tower. */
export const activation: z.ZodEnum<{ [Name in VisionActivation]: Name }> = z.enum(["quick_gelu", "gelu", "gelu_pytorch_tanh"]);
