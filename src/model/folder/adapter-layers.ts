import { ConfigError } from "../../errors/families.ts";
import type { CheckpointLayout } from "../multimodal/backbone.ts";
import { adaptedLayer, isAdapterWeight, lastPart } from "../nn/lora-layers.ts";
import type { LoraConfig, LoraLayer } from "../nn/parameter-source.ts";
import type { AdapterConfig, AdapterNames } from "./adapter-config.ts";
import { isMeant, valueByPattern } from "./adapter-rule.ts";
import { adapterLayerName, nameOfAdapterTensor, withoutAdapterPrefix } from "./checkpoint-names.ts";

/** The model that an adapter is put on. */
export interface AdaptedModel {
  readonly checkpoint: CheckpointLayout;
  readonly visionPrefixes: readonly string[];
  /** Names in graphs of all its weights. */
  readonly weights: Iterable<string>;
  /** Names of the weights of its linear layers. */
  readonly linear: ReadonlySet<string>;
}

/**
 * The adapter that a configuration and the names in the adapter's file make together. The file says which layers have one, as PEFT has it; the
 * configuration says whether it should, and the rank and alpha of each.
 * @throws {ConfigError} if the file adapts a layer that the configuration does not mean, or none at all.
 */
export function resolveLora(config: AdapterConfig, tensorNames: readonly string[], model: AdaptedModel): LoraConfig {
  const present = presentLayers(tensorNames, model);
  checkMeant(config, present);
  const layers: Record<string, LoraLayer> = {};
  for (const { layer, names } of [...present.values(), ...missingLayers(config, present, model)]) {
    if (!model.linear.has(`${layer}.weight`)) continue; // told by the check that the file holds nothing else
    layers[layer] = {
      rank: valueByPattern(names, config.rankPattern) ?? config.rank,
      alpha: valueByPattern(names, config.alphaPattern) ?? config.alpha,
    };
  }
  return simplest(config, layers, model.weights);
}

/**
 * How a model's adapter is written down so that PEFT adapts its layers and no others: by the ends of names where they tell, else by whole names.
 * @param weights names in graphs of all the model's weights, the adapter's among them.
 */
export function adapterNames({ checkpoint }: Pick<AdaptedModel, "checkpoint">, weights: Iterable<string>): AdapterNames {
  const names = [...weights];
  const adapted = new Set(names.flatMap((name) => adaptedLayer(name) ?? []));
  const modules = names.filter((name) => !isAdapterWeight(name)).flatMap(modulesAround);
  const others = new Set(modules.filter((module) => !adapted.has(module)).map(lastPart));
  const nameOf = (layer: string): string => adapterLayerName(checkpoint, layer);
  const targets = [...adapted].map((layer) => (others.has(lastPart(layer)) ? nameOf(layer) : lastPart(layer)));
  return { targets: [...new Set(targets)], nameOf };
}

/** All modules that a weight lies in, from the outermost: PEFT finds layers by the ends of these names too. */
function modulesAround(name: string): string[] {
  const parts = name.split(".");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("."));
}

interface NamedLayer {
  /** In graphs. */
  readonly layer: string;
  /** What it is called in the file, in graphs, and in the newest reference implementation. */
  readonly names: readonly string[];
}

/** The layers that the file adapts, less those that no graph needs. */
function presentLayers(tensorNames: readonly string[], { checkpoint }: AdaptedModel): Map<string, NamedLayer> {
  const found = new Map<string, NamedLayer>();
  for (const stored of tensorNames) {
    const name = nameOfAdapterTensor(checkpoint, stored);
    const layer = adaptedLayer(name);
    if (layer === undefined || (checkpoint.unused ?? []).some((beginning) => name.startsWith(beginning))) continue;
    const own = withoutAdapterPrefix(stored).replace(/\.lora_.*$/, "");
    found.set(layer, { layer, names: [...new Set([own, ...namesOf(layer, checkpoint)])] });
  }
  return found;
}

function namesOf(layer: string, checkpoint: CheckpointLayout): string[] {
  return [...new Set([layer, adapterLayerName(checkpoint, layer)])];
}

function checkMeant({ file, rule: { targets, excluded } }: AdapterConfig, present: ReadonlyMap<string, NamedLayer>): void {
  const layers = [...present.values()];
  const all = [...new Set(layers.map(({ layer }) => lastPart(layer)))].sort();
  const fail = (field: string, got: unknown, problem: string): never => {
    const message = `${file}: ${field} is ${JSON.stringify(got)}, but the adapter's file ${problem}; restore the two files together`;
    throw new ConfigError({ message, details: { file, field, got, expected: all } });
  };
  if (layers.length === 0) fail("target_modules", targets, "adapts no layer of this model");
  const extra = layers.find(({ names }) => isMeant(names, targets) === false);
  if (extra !== undefined) fail("target_modules", targets, `also adapts ${lastPart(extra.layer)} (${extra.layer})`);
  const wrong = layers.find(({ names }) => excluded.length > 0 && isMeant(names, excluded) === true);
  if (wrong !== undefined) fail("exclude_modules", excluded, `adapts ${wrong.layer}`);
}

/**
 * The layers that a list of names means and the file lacks, which is an error where the file is read. An adapter of the decoder alone is whole
 * though a list's names fit layers of the vision tower too: the programs that make such adapters wrap only the decoder.
 */
function missingLayers({ rule }: AdapterConfig, present: ReadonlyMap<string, NamedLayer>, model: AdaptedModel): NamedLayer[] {
  const { targets, excluded, someLayersOnly } = rule;
  if (typeof targets === "string" || someLayersOnly || isMeant([""], excluded) === undefined) return [];
  const isVision = (layer: string): boolean => model.visionPrefixes.some((beginning) => layer.startsWith(beginning));
  const seesAdapted = [...present.keys()].some(isVision);
  return [...model.linear].flatMap(layerOf).flatMap((layer) => {
    const names = namesOf(layer, model.checkpoint);
    if (present.has(layer) || isMeant(names, targets) !== true || isMeant(names, excluded) === true) return [];
    return isVision(layer) && !seesAdapted ? [] : [{ layer, names }];
  });
}

/** Without a list of layers where the ends of their names, one rank and one alpha say the same. */
function simplest(config: AdapterConfig, layers: Readonly<Record<string, LoraLayer>>, weights: Iterable<string>): LoraConfig {
  const { rankStabilized, dora } = config;
  const names = Object.keys(layers);
  const own = [...new Set(names.map(lastPart))];
  const targetModules = typeof config.rule.targets === "string" ? own : inOrder(own, config.rule.targets.map(lastPart));
  const first = layers[names[0] ?? ""] ?? config;
  const kind = { targetModules, rankStabilized, ...(dora ? { dora } : {}) };
  const isUniform = Object.values(layers).every(({ rank, alpha }) => rank === first.rank && alpha === first.alpha);
  const isWhole = [...weights].flatMap(layerOf).every((layer) => layer in layers || !own.includes(lastPart(layer)));
  if (isUniform && isWhole) return { rank: first.rank, alpha: first.alpha, ...kind };
  return { rank: config.rank, alpha: config.alpha, ...kind, layers };
}

function inOrder(names: readonly string[], order: readonly string[]): string[] {
  return names.toSorted((a, b) => order.indexOf(a) - order.indexOf(b));
}

/** The layer that a weight belongs to, if it is a layer's weight. */
function layerOf(name: string): string[] {
  return name.endsWith(".weight") ? [name.slice(0, -".weight".length)] : [];
}
