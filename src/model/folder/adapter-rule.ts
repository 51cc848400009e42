/** Which layers of a model an adapter is for, in PEFT's words: lists of names or ends of names, or one regular expression. */
export interface AdapterRule {
  /** `target_modules`; `all-linear` stands for all linear layers. */
  readonly targets: string | readonly string[];
  /** `exclude_modules` */
  readonly excluded: string | readonly string[];
  /** Whether `layers_to_transform` picks some of the layers. */
  readonly someLayersOnly: boolean;
}

/**
 * Whether a layer is meant. @param names what the layer is called, in every version of the reference implementation: it is meant if any of them fits.
 * @returns undefined where the expression is of Python's own kind, so that it cannot be told.
 * @source `check_target_module_exists` of PEFT.
 */
export function isMeant(names: readonly string[], meant: string | readonly string[]): boolean | undefined {
  if (meant === "all-linear") return true;
  if (typeof meant !== "string") return meant.some((target) => names.some((name) => name === target || name.endsWith(`.${target}`)));
  const expression = compile(`^(?:${meant})$`);
  return expression === undefined ? undefined : names.some((name) => expression.test(name));
}

/** The value of the first pattern that fits a layer's name, as `get_pattern_key` of PEFT finds it. */
export function valueByPattern(names: readonly string[], patterns: Readonly<Record<string, number>>): number | undefined {
  for (const [pattern, value] of Object.entries(patterns)) {
    const expression = compile(`^(.*\\.)?(${pattern})$`);
    const fits = expression === undefined ? names.includes(pattern) : names.some((name) => expression.test(name));
    if (fits) return value;
  }
  return undefined;
}

function compile(expression: string): RegExp | undefined {
  try {
    return new RegExp(expression, "s");
  } catch {
    return undefined;
  }
}
