import type { CheckpointLayout } from "../multimodal/backbone.ts";

type Renaming = readonly (readonly [from: string, to: string])[];

/** The name of a weight in graphs, whichever version of the reference implementation wrote it. */
export function graphName({ renamed }: CheckpointLayout, stored: string): string {
  return rename(stored, renamed);
}

/** The shape in which checkpoints store a weight whose shape in graphs is `shape`; the order of the numbers is the same. */
export function storedShape({ storedShapes }: CheckpointLayout, name: string, shape: readonly number[]): readonly number[] {
  return storedShapes.get(name) ?? shape;
}

const ADAPTER_PREFIX = "base_model.model.";

/** The name in graphs of a tensor in PEFT's `adapter_model.safetensors`. */
export function nameOfAdapterTensor(layout: CheckpointLayout, stored: string): string {
  const name = withoutAdapterPrefix(stored).replace(/\.lora_([AB])\.default\.weight$/, ".lora_$1.weight");
  return graphName(layout, name.replace(/\.lora_magnitude_vector(\.default)?(\.weight)?$/, ".lora_magnitude_vector"));
}

/** A name in an adapter's file as the base itself has it. */
export function withoutAdapterPrefix(stored: string): string {
  return stored.startsWith(ADAPTER_PREFIX) ? stored.slice(ADAPTER_PREFIX.length) : stored;
}

/** The name that PEFT gives to a low-rank weight: with the parts where newer `transformers` keep them, else PEFT does not find its place. */
export function adapterTensorName(layout: CheckpointLayout, name: string): string {
  return `${ADAPTER_PREFIX}${adapterLayerName(layout, name)}`;
}

/** What newer `transformers` call a layer, or a weight, of the graph. */
export function adapterLayerName({ adapterNames }: CheckpointLayout, name: string): string {
  return rename(name, adapterNames);
}

function rename(name: string, renaming: Renaming): string {
  const found = renaming.find(([from]) => name.startsWith(from));
  return found === undefined ? name : `${found[1]}${name.slice(found[0].length)}`;
}
