import { describe, expect, test } from "vitest";
import { candidatePrompt, queryPrompt, withoutPlaceholder, type MmebSide, type RuleContext } from "./text-rules.ts";

/** Answers worked out by hand from the reference's parsers; `<image>` stands for the placeholder. */
function query(side: MmebSide, dataset: string, layout: RuleContext["layout"]): string {
  return queryPrompt(withToken(side), { dataset, layout }).replaceAll("<|image_1|>", "<image>");
}

function candidate(side: MmebSide, layout: RuleContext["layout"], hasCaptions = false): string {
  return candidatePrompt(withToken(side), { dataset: "any", layout, hasCaptions }).replaceAll("<|image_1|>", "<image>");
}

function withToken({ text, hasImage, instruction }: MmebSide): MmebSide {
  const token = (words: string): string => words.replaceAll("<image>", "<|image_1|>");
  return { text: token(text), hasImage, instruction: instruction === undefined ? undefined : token(instruction) };
}

describe("queries with an instruction of their own", () => {
  test("classification: image token, space, instruction, line end; the space that the token left stays", () => {
    const side = { text: "", hasImage: true, instruction: "<image> Represent the given image for classification" };
    expect(query(side, "ImageNet-1K", "image-to-label")).toBe("<image>  Represent the given image for classification\n");
    expect(query({ ...side, instruction: "<image>\nRepresent the image." }, "VOC2007", "image-to-label")).toBe(
      "<image>\nRepresent the image.\n",
    );
  });

  test("classification with a text: a space before it, and no space before a line end", () => {
    const side = { text: "some \nnews", hasImage: true, instruction: "Represent the image and caption." };
    expect(query(side, "N24News", "image-to-label")).toBe("<image> Represent the image and caption. some\nnews\n");
  });

  test("questions: the instruction is stripped and stands on the next line", () => {
    const side = { text: "What is it?", hasImage: true, instruction: "<image>\nAnswer the question: " };
    expect(query(side, "OK-VQA", "question")).toBe("<image>\nAnswer the question: What is it?\n");
  });

  test("image to image: as questions; without a text nothing is added", () => {
    const side = { text: "", hasImage: true, instruction: " <image> Find a similar image. " };
    expect(query(side, "NIGHTS", "image-to-image")).toBe("<image>\nFind a similar image.\n");
    expect(query({ ...side, text: "left man" }, "RefCOCO", "image-to-image")).toBe("<image>\nFind a similar image. left man\n");
  });

  test("text to image: no image token, a space even before nothing, spaces before line ends stay; VisDial ends twice", () => {
    const side = { text: "a cat \nsits", hasImage: false, instruction: "Find an image:" };
    expect(query(side, "MSCOCO_t2i", "text-to-image")).toBe("Find an image: a cat \nsits\n");
    expect(query(side, "VisDial", "text-to-image")).toBe("Find an image: a cat \nsits\n\n");
  });
});

describe("candidates with an instruction of their own", () => {
  test("texts are taken as they are, whitespace and all", () => {
    expect(candidate({ text: " a  cat \n", hasImage: false, instruction: "ignored" }, "image-to-label")).toBe(" a  cat \n");
    expect(candidate({ text: "zwölf", hasImage: false, instruction: "" }, "question")).toBe("zwölf");
  });

  test("images: token, instruction, line end; image to image without the line end", () => {
    const side = { text: "", hasImage: true, instruction: "<image> Represent the given image." };
    expect(candidate(side, "text-to-image")).toBe("<image>  Represent the given image.\n");
    expect(candidate(side, "image-to-image")).toBe("<image>  Represent the given image.");
  });

  test("images with captions: the caption follows and the line ends, in image to image as well", () => {
    const side = { text: '"the man"', hasImage: true, instruction: "Represent the image with the caption:" };
    const expected = '<image> Represent the image with the caption: "the man"\n';
    expect(candidate(side, "text-to-image", true)).toBe(expected);
    expect(candidate(side, "image-to-image", true)).toBe(expected);
  });
});

describe("v1 columns", () => {
  test("texts stand as they are", () => {
    const text = "<image>\nRepresent the given image with the following question: What? \n";
    expect(query({ text, hasImage: true }, "OK-VQA", "question")).toBe(text);
    expect(candidate({ text: "a label", hasImage: false }, "image-to-label")).toBe("a label");
    expect(candidate({ text: "<image>\nRepresent the given image.\n", hasImage: true }, "text-to-image")).toBe(
      "<image>\nRepresent the given image.\n",
    );
  });

  test("there is one image token per image: a missing one comes first, ones too many are dropped", () => {
    expect(candidate({ text: "", hasImage: true }, "text-to-image")).toBe("<image> ");
    expect(query({ text: "<image> a <image> b", hasImage: true }, "CIRR", "image-to-image")).toBe("<image> a  b");
    expect(query({ text: "<image> a", hasImage: false }, "VisDial", "text-to-image")).toBe(" a");
  });
});

test("without the placeholder only words are left", () => {
  expect(withoutPlaceholder(" <|image_1|>\nRepresent the image. ")).toBe("Represent the image.");
});
