import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { ConfigError, present } from "../../src/errors/families.ts";

/** What `tools/reference/bench_torch.py` is started with. */
export interface TorchOptions {
  readonly threads: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  /** Of the RMS norms. */
  readonly epsilon: number;
  /** A .safetensors file with weights and inputs. */
  readonly tensors: string;
}

const answerSchema = z.object({ torch: z.string(), ms: z.number().optional(), bytes: z.number().nullish() });
type Answer = z.infer<typeof answerSchema>;

const SCRIPT = fileURLToPath(new URL("../../tools/reference/bench_torch.py", import.meta.url));

/** A Python with PyTorch that computes one thing at a time, when asked to. What it has to complain about goes to stderr. */
export class TorchProcess implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;

  /** @param python an executable that has `torch` and `safetensors`. */
  constructor(python: string, options: TorchOptions) {
    this.#child = spawn(python, [SCRIPT, JSON.stringify(options)], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdin.on("error", () => undefined); // seen as the answer that is missing
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#ended = once(this.#child, "close").catch(() => undefined); // it could not be started: as above
  }

  /** Runs a kind of work once. @param size length of the matrices of a `product`. @returns ms, as Python saw it. @throws {ConfigError} as `#ask`. */
  async time(work: string, size?: number): Promise<number> {
    return present((await this.#ask({ run: work, size })).ms, "a time");
  }

  /** Writes what a run computes to a .safetensors file. @returns the version of PyTorch. @throws {ConfigError} as `#ask`. */
  async save(work: string, file: string): Promise<string> {
    return (await this.#ask({ save: work, file })).torch;
  }

  /** Bytes that weights, inputs and two runs add at their peak; undefined where it cannot be known. @throws {ConfigError} as `#ask`. */
  async memory(work: string): Promise<number | undefined> {
    return (await this.#ask({ memory: work })).bytes ?? undefined;
  }

  /** Lets the process end; a second call does nothing. */
  async dispose(): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  /** @throws {ConfigError} if the process is gone, or ends without an answer. */
  async #ask(request: Readonly<Record<string, unknown>>): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const line: IteratorResult<string, unknown> = await this.#answers.next();
    if (line.done !== true) return answerSchema.parse(JSON.parse(line.value));
    const python = this.#child.spawnfile;
    const message = `${python} gave no answer to ${JSON.stringify(request)}; POLYVEC_PYTHON must be a Python with torch, safetensors and numpy`;
    throw new ConfigError({ message, details: { python } });
  }
}
