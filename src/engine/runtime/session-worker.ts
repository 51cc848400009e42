import { parentPort, type MessagePort } from "node:worker_threads";
import { present } from "../../errors/families.ts";
import { PolyvecError } from "../../errors/polyvec-error.ts";
import { CompiledSession, openCompiled } from "./compiled-session.ts";
import { loadRuntime } from "./onnx-runtime.ts";
import { RunGate } from "./run-gate.ts";
import type { TensorMap } from "./session.ts";
import { buffersOf, detached, type SentError, type WorkerReply, type WorkerRequest } from "./worker-messages.ts";

/** The thread of a `WorkerSession`: holds one session and does what it is asked, one request after another. */
class SessionWorker {
  readonly #port: MessagePort;
  #session: CompiledSession | undefined;
  #gate = new RunGate();

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Answers requests, one after another, until it is asked to dispose. */
  serve(): void {
    let last = Promise.resolve();
    this.#port.on("message", (request: WorkerRequest) => {
      last = last.then(() => this.#answer(request));
    });
  }

  async #answer(request: WorkerRequest): Promise<void> {
    try {
      const outputs = Object.entries(await this.#do(request)).map(([name, tensor]) => [name, detached(tensor)] as const);
      const reply: WorkerReply = { id: request.id, kind: "done", outputs: Object.fromEntries(outputs) };
      this.#port.postMessage(reply, buffersOf(outputs.map(([, tensor]) => tensor)));
    } catch (error) {
      const reply: WorkerReply = { id: request.id, kind: "failed", error: sent(error) };
      this.#port.postMessage(reply, []);
    }
    if (request.kind === "dispose") this.#port.close();
  }

  async #do(request: WorkerRequest): Promise<TensorMap> {
    switch (request.kind) {
      case "open":
        this.#gate = new RunGate(request.gate);
        await loadRuntime(); // not within the gate: nobody need wait for a library to load
        this.#session = new CompiledSession(await this.#gate.within(() => openCompiled(request.compiled, request.options)));
        return {};
      case "run":
        return this.#gate.within(() => present(this.#session, "the worker's session").run(request.inputs));
      case "dispose":
        await this.#gate.within(async () => this.#session?.dispose());
        return {};
    }
  }
}

function sent(error: unknown): SentError {
  if (PolyvecError.isInstance(error)) return { code: error.code, message: error.message, details: error.details };
  return { code: "invariant", message: error instanceof Error ? error.message : String(error), details: {} };
}

if (parentPort !== null) new SessionWorker(parentPort).serve();
