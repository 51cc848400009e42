/** How the curves are drawn. */
export interface Settings {
  /** Weight of what came before, in [0, 1). */
  readonly smoothing: number;
  readonly isLogarithmic: boolean;
  readonly axis: "steps" | "hours";
  /** Curves and runs that are not shown, by name. */
  readonly hidden: readonly string[];
}

const KEY = "polyvec.dashboard";
const DEFAULTS: Settings = { smoothing: 0.8, isLogarithmic: false, axis: "steps", hidden: [] };

/** As they were left in this browser; a browser that keeps nothing gives the defaults. */
export function loadSettings(): Settings {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Readonly<Record<string, unknown>>;
    const { smoothing, isLogarithmic, axis, hidden } = kept;
    return {
      smoothing: typeof smoothing === "number" && smoothing >= 0 && smoothing < 1 ? smoothing : DEFAULTS.smoothing,
      isLogarithmic: isLogarithmic === true,
      axis: axis === "hours" ? "hours" : "steps",
      hidden: Array.isArray(hidden) ? hidden.map(String) : [],
    };
  } catch {
    return DEFAULTS;
  }
}

export function saveSettings(settings: Settings): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // a browser that keeps nothing shows the page all the same
  }
}
