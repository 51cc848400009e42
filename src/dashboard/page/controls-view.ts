import { byId, element } from "./dom.ts";
import type { Settings } from "./settings.ts";

/** What the controls change. */
export interface ControlEvents {
  readonly onChange: (settings: Partial<Settings>) => void;
  readonly onWhole: () => void;
}

/** The controls above the charts. @returns what shows whether there is a part to come back from. */
export function makeControls(
  { smoothing, isLogarithmic, axis }: Settings,
  { onChange, onWhole }: ControlEvents,
): { setZoomed(isZoomed: boolean): void } {
  const slider = element("input", { type: "range", min: 0, max: 0.99, step: 0.01, value: smoothing });
  const shown = element("output", {}, smoothing.toFixed(2));
  slider.addEventListener("input", () => {
    shown.value = slider.valueAsNumber.toFixed(2);
    onChange({ smoothing: slider.valueAsNumber });
  });
  const logarithmic = element("input", { type: "checkbox", checked: isLogarithmic });
  logarithmic.addEventListener("change", () => onChange({ isLogarithmic: logarithmic.checked }));
  const select = element(
    "select",
    {},
    element("option", { value: "steps" }, "steps"),
    element("option", { value: "hours" }, "hours of training"),
  );
  select.value = axis;
  select.addEventListener("change", () => onChange({ axis: select.value === "hours" ? "hours" : "steps" }));
  const whole = element("button", { type: "button", disabled: true }, "whole run");
  whole.addEventListener("click", onWhole);
  const form = byId("controls");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.append(
    element("label", {}, "smoothing ", slider, " ", shown),
    element("label", {}, logarithmic, " logarithmic"),
    element("label", {}, "over ", select),
    whole,
    element("span", { class: "note" }, "Drag over a chart to look closer."),
  );
  return { setZoomed: (isZoomed) => void (whole.disabled = !isZoomed) };
}
