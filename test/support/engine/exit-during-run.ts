import { GraphBuilder } from "../../../src/engine/graph/graph-builder.ts";
import { matmul } from "../../../src/engine/graph/operators.ts";
import { WorkerSession } from "../../../src/engine/runtime/worker-session.ts";
import { zeros } from "../../../src/engine/tensor/tensor.ts";

// A process that ends while another of its threads is within a run of some seconds, and others wait behind it: `exit-during-run.ts exit|throw`.
const g = new GraphBuilder();
const x = g.input("x", "float32", [768, 768]);
let y = x;
for (let turn = 0; turn < 120; turn++) y = matmul(y, x);
const session = await WorkerSession.create(g.finish({ y }), { threads: 1 });
const runs = Array.from({ length: 4 }, () => session.run({ x: zeros([768, 768]) }));
setTimeout(() => {
  process.stdout.write("ends\n");
  if (process.argv[2] === "throw") throw new Error("something broke");
  process.exit(7);
}, 150);
await Promise.all(runs);
process.stdout.write("came to an end by itself\n");
