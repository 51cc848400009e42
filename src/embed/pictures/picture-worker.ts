import { Tinypool } from "tinypool";
import { fitImage } from "../../model/multimodal/image-fitting.ts";
import { decodePicture, type PictureTask } from "./picture-task.ts";

/** Pictures are taken one after another, whatever waits: as many are decoded at a time as there are threads. */
let last: Promise<unknown> = Promise.resolve();

/** What a thread of the pool does. The pixels it makes are handed over, not copied. */
export function work(task: PictureTask): Promise<unknown> {
  const turn = last.then(() => prepareNow(task));
  last = turn.catch(() => undefined);
  return turn;
}

async function prepareNow({ picture, fitting }: PictureTask): Promise<unknown> {
  const decoded = await decodePicture(picture);
  const fitted = fitImage(decoded, fitting);
  const data = fitted === decoded ? new Uint8Array(decoded.data) : fitted.data; // the decoder's own memory cannot be handed over
  const image = { width: fitted.width, height: fitted.height, data };
  return Tinypool.move({ [Tinypool.transferableSymbol]: data.buffer, [Tinypool.valueSymbol]: image } as unknown as ArrayBuffer);
}
