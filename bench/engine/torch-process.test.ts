import { expect, it } from "vitest";
import { thrownBy } from "../../test/support/thrown-by.ts";
import { ConfigError } from "../../src/errors/families.ts";
import { TorchProcess } from "./torch-process.ts";

it("says what is needed where Python is not", async () => {
  const options = { threads: 1, heads: 1, keyValueHeads: 1, epsilon: 1e-5, tensors: "none.safetensors" };
  await using torch = new TorchProcess("no-such-python", options);
  const error = await thrownBy(() => torch.time("forward"));
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as ConfigError).message).toMatch(
    /^no-such-python gave no answer to \{"run":"forward"\}; POLYVEC_PYTHON must be a Python with torch/,
  );
});
