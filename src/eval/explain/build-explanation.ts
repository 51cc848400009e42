import { meanMatrix } from "../../embed/diversity/path-matrix.ts";
import { DataError, present } from "../../errors/families.ts";
import { estimate, QueryResampler, type BootstrapOptions } from "../bootstrap.ts";
import type { CaseGallery } from "../cases/query-case.ts";
import type { Fact } from "../report/report-types.ts";
import type { Agreement, ExplainedQuery, ExplainedTask, Explanation, PathWeights } from "./explanation.ts";
import type { TaskFindings } from "./explain-collector.ts";
import { describeFindings } from "./findings.ts";
import { pathPreferences } from "./path-preferences.ts";
import { countOutcomes, replicateMeans, replicateTask, summaryOf } from "./task-replicates.ts";

/** What an explanation is made of. */
export interface ExplanationInput {
  readonly name: string;
  readonly title: string;
  readonly createdAt: Date;
  readonly tasks: readonly TaskFindings[];
  /** The tasks' cases with their pictures. */
  readonly cases: CaseGallery;
  readonly facts?: readonly Fact[];
  readonly notices?: readonly string[];
  readonly bootstrap?: BootstrapOptions;
}

/** Works out everything an explanation tells. @throws {DataError} if there is no task. */
export function buildExplanation(input: ExplanationInput): Explanation {
  const { name, title, createdAt, tasks, cases, facts = [], notices = [], bootstrap } = input;
  const [first] = tasks;
  if (first === undefined) throw new DataError({ message: `${name} was scored on no task, so there is nothing to explain`, details: {} });
  const { pathCount, views } = first;
  const options = { seed: bootstrap?.seed ?? 0, resamples: bootstrap?.resamples ?? 2000 };
  const replicates = tasks.map((task) => replicateTask(task, options));
  const agreement = pathCount === 1 ? null : meanAgreement(tasks.flatMap((task) => task.agreement ?? []));
  const told: Omit<Explanation, "findings"> = {
    format: "polyvec-explanation",
    version: 1,
    title,
    createdAt: createdAt.toISOString(),
    notices: [...(pathCount === 1 ? [onePathNotice(name)] : []), ...notices],
    facts,
    model: { name, pathCount },
    bootstrap: { ...options, confidence: 0.95 },
    views,
    tasks: tasks.map((task, place) => ({
      name: task.name,
      family: task.family,
      candidates: task.candidates,
      chance: task.chance,
      summary: summaryOf(present(replicates[place], "replicates"), countOutcomes([task]), pathCount),
      agreement: task.agreement,
      weights: weightsOf(task, options),
      queries: task.queries,
      candidateNames: task.candidateNames,
    })),
    means: summaryOf(replicateMeans(replicates), countOutcomes(tasks), pathCount),
    agreement,
    preferences: pathPreferences(tasks, options),
    cases,
  };
  return { ...told, findings: describeFindings(told) };
}

function onePathNotice(name: string): string {
  return `${name} has one path, so there are no paths that agree or disagree. What can be told of it: which queries it answers, how far behind the right candidate is in the others, and its surest misses.`;
}

function meanAgreement(all: readonly Agreement[]): Agreement {
  return {
    sameFirst: meanMatrix(all.map(({ sameFirst }) => sameFirst)),
    rankCorrelation: meanMatrix(all.map(({ rankCorrelation }) => rankCorrelation)),
    rightTogether: meanMatrix(all.map(({ rightTogether }) => rightTogether)),
  };
}

function weightsOf({ name, spread, queries, pathCount }: TaskFindings, options: BootstrapOptions): ExplainedTask["weights"] {
  if (spread === null) return null;
  const differences = queries.flatMap((query) => rightMinusWrong(query, pathCount) ?? []);
  if (differences.length === 0) return { ...spread, rightMinusWrong: null };
  const resampler = new QueryResampler(`weights ${name}`, differences.length, options);
  return { ...spread, rightMinusWrong: estimate(resampler.replicate(differences)) } satisfies PathWeights;
}

/** The mean weight of the paths that are right minus that of those that are wrong; undefined unless there are both. */
function rightMinusWrong({ ranks, weights }: ExplainedQuery, pathCount: number): number | undefined {
  if (weights === null) return undefined;
  const isRight = Array.from({ length: pathCount }, (_, path) => ranks[1 + path] === 1);
  const count = isRight.filter(Boolean).length;
  if (count === 0 || count === pathCount) return undefined;
  const right = weights.reduce((sum, weight, path) => sum + (isRight[path] === true ? weight : 0), 0);
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  return right / count - (whole - right) / (pathCount - count);
}
