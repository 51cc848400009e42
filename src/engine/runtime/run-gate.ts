/** Bits of a gate. */
const [RUNNING, CLOSED] = [1, 2];

/** Milliseconds that the end of a process waits for a run under way at most. */
const PATIENCE_MS = 60_000;

/**
 * Tells one thread whether another is within ONNX Runtime, and keeps it from entering again: a thread that is ended there aborts the whole process
 * (exit code 134), whatever code it was to end with.
 */
export class RunGate {
  /** Four bytes that both threads see. */
  readonly memory: SharedArrayBuffer;
  readonly #state: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(4)) {
    this.memory = memory;
    this.#state = new Int32Array(memory);
  }

  /** Does work that must not be cut off. Never resolves if the gate is closed: the thread is about to be ended. */
  async within<Result>(work: () => Promise<Result>): Promise<Result> {
    if ((Atomics.or(this.#state, 0, RUNNING) & CLOSED) !== 0) {
      this.#leave();
      return new Promise(() => undefined);
    }
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** Lets nothing enter any more, and blocks this thread until what is within is done. @param patience milliseconds. @returns whether it is. */
  close(patience: number = PATIENCE_MS): boolean {
    Atomics.or(this.#state, 0, CLOSED);
    const end = performance.now() + patience;
    for (let left = patience; left > 0; left = end - performance.now()) {
      const state = Atomics.load(this.#state, 0);
      if ((state & RUNNING) === 0) return true;
      Atomics.wait(this.#state, 0, state, left);
    }
    return (Atomics.load(this.#state, 0) & RUNNING) === 0;
  }

  #leave(): void {
    Atomics.and(this.#state, 0, ~RUNNING);
    Atomics.notify(this.#state, 0);
  }
}

/** The gates of this process's threads, which its end waits for. */
const open = new Set<RunGate>();

/** Makes the end of this process wait for what is within a gate, until the thread behind it has ended. */
export function guardExit(gate: RunGate): void {
  if (open.size === 0) process.on("exit", closeAll);
  open.add(gate);
}

/** Is called when the thread behind a gate has ended. */
export function unguardExit(gate: RunGate): void {
  open.delete(gate);
  if (open.size === 0) process.off("exit", closeAll);
}

function closeAll(): void {
  for (const gate of open) gate.close();
}
