import type { FloatTensor, Tensor } from "../../engine/tensor/tensor.ts";
import { invariant } from "../../errors/families.ts";
import type { NamedTensors, Optimizer } from "./optimizer.ts";

/** An optimizer and the parameters that are its own. */
export interface Route {
  /** Names the route in saved states; no slashes. */
  readonly name: string;
  readonly optimizer: Optimizer;
  /** Whether a parameter takes this route; the first route that says so has it. */
  readonly matches: (name: string, shape: readonly number[]) => boolean;
}

/** Several optimizers as one, each with its share of the parameters: Muon for matrices beside AdamW for the rest, say. */
export class RoutedOptimizer implements Optimizer {
  readonly #routes: readonly Route[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes;
  }

  async step(parameters: NamedTensors, gradients: NamedTensors, learningRate: number): Promise<void> {
    const shares = new Map<Route, Map<string, FloatTensor>>();
    for (const [name, gradient] of gradients) {
      const route = this.#routes.find(({ matches }) => matches(name, gradient.shape));
      invariant(route !== undefined, `no optimizer takes the parameter "${name}"`);
      const share = shares.get(route) ?? new Map<string, FloatTensor>();
      shares.set(route, share.set(name, gradient));
    }
    for (const [route, share] of shares) await route.optimizer.step(parameters, share, learningRate);
  }

  state(): Map<string, Tensor> {
    const entries = this.#routes.flatMap(({ name, optimizer }) =>
      [...optimizer.state()].map(([key, tensor]) => [`${name}/${key}`, tensor] as const),
    );
    return new Map(entries);
  }

  load(state: ReadonlyMap<string, Tensor>): void {
    for (const { name, optimizer } of this.#routes) {
      const own = [...state].filter(([key]) => key.startsWith(`${name}/`));
      optimizer.load(new Map(own.map(([key, tensor]) => [key.slice(name.length + 1), tensor])));
    }
  }

  async dispose(): Promise<void> {
    for (const { optimizer } of this.#routes) await optimizer.dispose();
  }
}
