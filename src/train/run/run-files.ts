/** Names within a run folder. */
export const RUN_FILES = {
  config: "config.json",
  metrics: "metrics.jsonl",
  status: "status.json",
  tensorboard: "tensorboard",
  calibration: "calibration.json",
  checkpoints: "checkpoints",
  model: "model",
} as const;
