import { ConfigError } from "../../errors/families.ts";
import { nearestName } from "../../files/nearest-name.ts";
import type { BackboneKind, ParsedBackbone } from "../multimodal/backbone-kind.ts";
import { IDEFICS3, SMOLVLM } from "./idefics3/backbone.ts";
import { LLAVA_NEXT } from "./llava-next/backbone.ts";
import { QWEN2_VL } from "./qwen2-vl/backbone.ts";
import { QWEN3_VL } from "./qwen3-vl/backbone.ts";

/** Every kind of backbone there is. */
const KNOWN: readonly BackboneKind[] = [IDEFICS3, LLAVA_NEXT, QWEN2_VL, QWEN3_VL, SMOLVLM];

/** Their `model_type`s. */
const MODEL_TYPES: readonly string[] = KNOWN.map(({ modelType }) => modelType);

/**
 * The backbone of a `config.json`.
 * @throws {ConfigError} if its `model_type` is not known, with those that are; or as the kind's `parse`.
 */
export function parseBackbone(config: unknown, { file }: { readonly file: string }): ParsedBackbone {
  const got: unknown = typeof config === "object" && config !== null && "model_type" in config ? config.model_type : undefined;
  const kind = KNOWN.find(({ modelType }) => modelType === got);
  if (kind !== undefined) return kind.parse(config, { file });
  const near = typeof got === "string" ? nearestName(got, MODEL_TYPES) : undefined;
  const hint = near === undefined ? "use a checkpoint of a known architecture" : `did you mean ${near}?`;
  const known = MODEL_TYPES.map((type) => JSON.stringify(type)).join(", ");
  throw new ConfigError({
    message: `${file}: model_type is ${JSON.stringify(got) ?? "missing"}, expected ${MODEL_TYPES.length > 1 ? "one of " : ""}${known}; ${hint}`,
    details: { file, field: "model_type", got: got ?? null, expected: MODEL_TYPES },
  });
}
