import { measure, type BenchCase, type Measurement } from "../harness.ts";
import type { SuiteContext, SuiteSection } from "../suite.ts";
import { openProduct, operationsOf, PRODUCTS, SQUARES, squareName, type OpenedProduct } from "./products.ts";
import { atRest } from "./at-rest.ts";
import type { TorchProcess } from "./torch-process.ts";

const PYTORCH = "PyTorch, ";

/** Matrix products, and how much of the machine's peak each reaches. @param torch multiplies the squares too, if it is given. */
export async function productSection(
  { threads, torch }: { readonly threads: number; readonly torch: TorchProcess | undefined },
  context: SuiteContext,
): Promise<SuiteSection> {
  context.say("matrix products");
  const opened: OpenedProduct[] = [];
  try {
    for (const product of PRODUCTS) opened.push(await openProduct(product, threads));
    const cases = opened.map(({ product, run }) => atRest(product.name, run));
    const measurements = await measure([...cases, ...(torch === undefined ? [] : torchCases(torch))], context.measure);
    return { title: "f32 matrix products, ms", measurements, facts: productFacts(measurements) };
  } finally {
    for (const product of opened) await product.dispose();
  }
}

function torchCases(torch: TorchProcess): BenchCase[] {
  return SQUARES.map((size) => atRest(`${PYTORCH}${squareName(size)}`, () => torch.time("product", size)));
}

/** GFLOP/s at the median time, and as a share of the fastest single run of any product. */
export function productFacts(measurements: readonly Measurement[]): Record<string, string> {
  const operations = new Map(
    PRODUCTS.flatMap((product) => [product.name, PYTORCH + product.name].map((name) => [name, operationsOf(product)])),
  );
  const speed = (name: string, milliseconds: number): number => (operations.get(name) ?? Number.NaN) / milliseconds / 1e6;
  const ours = measurements.filter(({ name }) => !name.startsWith(PYTORCH));
  const peak = Math.max(...ours.map(({ name, milliseconds }) => speed(name, milliseconds.min)));
  const shares = measurements.map(({ name, milliseconds }) => {
    const median = speed(name, milliseconds.median);
    return [name, `${median.toFixed(1)} GFLOP/s, ${Math.round((100 * median) / peak)} % of the measured peak`];
  });
  return {
    "measured peak": `${peak.toFixed(1)} GFLOP/s, the fastest single run of any of these products through ONNX Runtime; the processor's own may be higher`,
    ...(Object.fromEntries(shares) as Record<string, string>),
  };
}
