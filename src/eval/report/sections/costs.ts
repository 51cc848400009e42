import { costBars, LABEL_LENGTH, type CostBar } from "../charts/cost-bars.ts";
import type { Chart } from "../charts/render-chart.ts";
import { columnLabels, modelOf, resultColumns } from "../find-in-report.ts";
import { duration, flops, milliseconds, quantity } from "../format-number.ts";
import { html, type Html } from "../html.ts";
import type { EmbeddingView, Report, ReportModel } from "../report-types.ts";
import { vectorsPerInput } from "../result-rows.ts";
import { figure, gallery, table, type Section, type TableRow } from "./parts.ts";

/** What training and embedding cost. */
export async function costs(report: Report): Promise<Section> {
  const charts = [
    trainingChart(report, "training-time", "Training time", ({ cost }) => [cost.trainingSeconds, duration(cost.trainingSeconds)]),
    trainingChart(report, "training-flops", "Training computation", ({ cost }) => [cost.trainingFlops, flops(cost.trainingFlops)]),
    embeddingChart(report),
    vectorChart(report),
  ].filter((chart) => chart !== undefined);
  const figures = await Promise.all(charts.map(([chart, caption]) => figure(chart, caption)));
  const body = html`<p>Means over seeds. Times hold for one machine, and beside each other only.</p>
    ${gallery(figures)} ${costTable(report)}`;
  return { id: "cost", title: "Cost", body };
}

type NamedChart = readonly [chart: Chart, caption: string];

function trainingChart(
  report: Report,
  id: string,
  caption: string,
  amountOf: (model: ReportModel) => readonly [value: number | null, text: string],
): NamedChart | undefined {
  const models = [...new Set([report.reference, report.main])].map((model) => modelOf(report, model));
  const bars = models.flatMap((model, index): CostBar[] => {
    const [value, text] = amountOf(model);
    return value === null ? [] : [{ label: model.name, value, text, column: index === 0 ? 0 : 2 }];
  });
  return bars.length === 0 ? undefined : [costBars(bars, { id, what: caption.toLowerCase() }), caption];
}

function embeddingChart(report: Report): NamedChart | undefined {
  const columns = resultColumns(report);
  const labels = columnLabels(columns, LABEL_LENGTH);
  const bars = columns.flatMap(({ model, view }, column): CostBar[] => {
    const value = modelOf(report, model).cost.embeddingMs[view as EmbeddingView];
    return value === null ? [] : [{ label: labels[column] ?? "", value, text: milliseconds(value), column }];
  });
  return bars.length === 0
    ? undefined
    : [costBars(bars, { id: "embedding-time", what: "embedding time per input" }), "Embedding, per input"];
}

function vectorChart(report: Report): NamedChart {
  const columns = resultColumns(report);
  const labels = columnLabels(columns, LABEL_LENGTH);
  const bars = columns.map(({ model, view }, column): CostBar => {
    const value = vectorsPerInput(modelOf(report, model), view);
    return { label: labels[column] ?? "", value, text: String(value), column };
  });
  return [costBars(bars, { id: "vectors", what: "vectors stored per input" }), "Vectors stored, per input"];
}

function costTable(report: Report): Html {
  const rows = report.models.map((model): TableRow => {
    const { trainingSeconds, trainingFlops, trainableParameters, embeddingMs } = model.cost;
    const embedding = [embeddingMs.single, embeddingMs.aggregate, embeddingMs.all].map(milliseconds);
    const training = [duration(trainingSeconds), flops(trainingFlops), quantity(trainableParameters)];
    return { cells: [model.name, ...training, ...embedding, String(model.pathCount)], strong: model.id === report.main };
  });
  const head = ["Model", "Training", "Training FLOPs", "Trainable", "Single path", "Aggregate", "All paths", "Vectors (all)"];
  return table({ caption: "Cost: training in all, embedding per input", head, rows });
}
