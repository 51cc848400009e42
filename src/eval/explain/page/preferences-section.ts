import { heatMapChart, shiftCell } from "../../report/charts/heat-map.ts";
import type { Chart } from "../../report/charts/render-chart.ts";
import { decimal, percent, points, pointsInterval } from "../../report/format-number.ts";
import { html, type Html } from "../../report/html.ts";
import { figure, folded, gallery, table, type Section } from "../../report/sections/parts.ts";
import type { Explanation, Preference, PreferenceKind } from "../explanation.ts";
import { SIGNIFICANT, surePreferences } from "../findings.ts";
import { LEAST_QUERIES } from "../path-preferences.ts";
import { labelWidth } from "./classes-section.ts";

const KINDS: readonly { readonly kind: PreferenceKind; readonly caption: string }[] = [
  { kind: "task", caption: "By task" },
  { kind: "family", caption: "By family" },
  { kind: "label", caption: "By what the query is about" },
];

/** Rows of a picture at most; the table has all. */
const MOST_ROWS = 40;

/** What each path prefers. */
export async function preferencesSection({ preferences }: Explanation): Promise<Section | undefined> {
  if (preferences.length === 0) return undefined;
  const figures: Html[] = [];
  for (const { kind, caption } of KINDS) {
    const own = preferences.filter((preference) => preference.kind === kind);
    if (own.length > 0) figures.push(await figure(preferenceChart(own, kind), `${caption}, points`));
  }
  const sure = surePreferences(preferences);
  const told =
    sure.length === 0
      ? html`<p>
          After correction for the number of comparisons no path is found to differ from the others on any task, family or label: what the
          pictures show may be luck.
        </p>`
      : preferenceTable(sure, "Differences that hold after correction");
  const body = html`<p>
      Each path's P@1 minus the mean of the others', on the same queries; ● marks what holds after correction (p &lt; ${SIGNIFICANT}).
      Groups of fewer than ${LEAST_QUERIES} queries are left out.
    </p>
    ${gallery(figures, "narrow")} ${told} ${folded("All comparisons", preferenceTable(preferences, "Path minus the mean of the others"))}
    <p class="note">
      p is corrected for all paths and groups of its kind by the step-down maximum of studentised bootstrap differences (Westfall and
      Young): among all tasks (or families, or labels) together the chance of a single false mark is at most ${SIGNIFICANT}. The intervals
      are not corrected.
    </p>`;
  return { id: "preferences", title: "What each path prefers", body };
}

function preferenceChart(all: readonly Preference[], kind: PreferenceKind): Chart {
  const names = [...new Set(all.map(({ name }) => name))].slice(0, MOST_ROWS);
  const paths = [...new Set(all.map(({ path }) => path))];
  const find = (name: string, path: number): Preference | undefined => all.find((each) => each.name === name && each.path === path);
  const reach = Math.max(0.005, ...all.map(({ difference }) => Math.abs(difference.value)));
  return heatMapChart({
    id: `preferences-${kind}`,
    description: `Heat map of each path's difference from the others in points: ${names.map((name) => `${name} ${paths.map((path) => points(find(name, path)?.difference.value ?? 0)).join(", ")}`).join("; ")}.`,
    rows: names,
    columns: paths.map((path) => (paths.length > 5 ? String(path) : `path ${path}`)),
    labelWidth: labelWidth(names),
    cell: { width: Math.max(40, Math.min(52, Math.floor(240 / paths.length))), height: 24 },
    cells: names.map((name) =>
      paths.map((path) => {
        const { difference, p } = find(name, path) ?? { difference: { value: 0 }, p: 1 };
        return shiftCell(difference.value, `${points(difference.value)}${p < SIGNIFICANT ? " ●" : ""}`, reach);
      }),
    ),
  });
}

function preferenceTable(all: readonly Preference[], caption: string): Html {
  const rows = all.map(({ path, kind, name, queries, precision, others, difference, p }) => ({
    cells: [
      html`path ${path} on ${name}<small>${kind} · ${queries} queries</small>`,
      percent(precision),
      percent(others),
      html`${points(difference.value)}<small>${pointsInterval(difference)}</small>`,
      decimal(p, 4),
    ],
  }));
  return table({ caption, head: ["Path", "P@1, %", "Others, %", "Difference, points", "p, corrected"], rows });
}
