// Optimisers, schedules, stopping rules and tasks.
import { choice, integer, name, optional, real, references, required, signature, unnamed } from "./signature.ts";
import { wanted } from "./wanted.ts";

const rate = (fallback: number) => optional(real({ above: 0, max: 100 }), fallback, "Learning rate.");
const epsilon = (fallback: number) => optional(real({ above: 0, max: 1 }), fallback, "Added to a denominator.");

export const optimisers = {
  adam: signature("Adam; of embeddings, only rows of the batch are touched.", {
    rate: rate(1e-3),
    beta1: optional(real({ min: 0, below: 1 }), 0.9, "Decay of the first moment."),
    beta2: optional(real({ min: 0, below: 1 }), 0.999, "Decay of the second moment."),
    epsilon: epsilon(1e-8),
  }),
  adagrad: signature("AdaGrad, one accumulator per number.", { rate: rate(0.05), epsilon: epsilon(1e-10) }),
  rowwise_adagrad: signature("AdaGrad, one accumulator per row.", { rate: rate(0.05), epsilon: epsilon(1e-10) }),
  sgd: signature("Plain gradient descent.", { rate: rate(0.01) }),
} as const;

const maxSteps = 1_000_000_000;

export const schedules = {
  constant: signature("The rate as it is.", {}),
  warmup: signature("Rises linearly to the rate, then stays.", {
    steps: unnamed(required(integer(1, maxSteps), "Steps until the full rate.")),
  }),
  cosine: signature("Falls to zero along a cosine.", {
    steps: unnamed(required(integer(1, maxSteps), "Steps until zero.")),
    warmup: optional(integer(0, maxSteps), 0, "Steps of linear rise before."),
  }),
} as const;

export const averages = {
  ema: signature("An exponential moving average of all but embeddings, which is evaluated and exported.", {
    decay: unnamed(required(real({ above: 0, below: 1 }), "What of the average stays at a step.")),
  }),
} as const;

const mostLength = 1_000_000;

export const lengths = {
  log_uniform: signature("A number for each sample and epoch, as often as its logarithm is far from the next one's.", {
    min: unnamed(required(integer(1, mostLength), "The fewest.")),
    max: unnamed(required(integer(1, mostLength), "The most.")),
  }),
} as const;

export const stops = {
  stop: signature("Ends training when the validation part no longer improves.", {
    after: unnamed(required(integer(1, 1_000_000), "Evaluations without improvement.")),
    on: optional(choice("auc", "gauc", "logloss"), "auc", "What has to improve."),
  }),
  none: signature("Trains to the end and keeps the last weights.", {}),
} as const;

/** What a label may weigh in `score`. */
export const scoreWeight = required(
  real({ above: 0, max: 1e6 }),
  "Weight of the logarithm of the label's probability.",
);

const task = {
  weight: optional(real({ min: 0, max: 1e6 }), 1, "Weight of the task in the loss."),
  where: optional(name("a label", "label"), null, "Counts only samples where this label is one."),
};

export const tasks = {
  binary: signature("A probability, learned by cross-entropy.", {
    ...task,
    through: optional(
      name("a label", "label"),
      null,
      "A label that comes before this one: learned over all samples, by the product of both probabilities (ESMM).",
    ),
    pairs: optional(
      real({ min: 0, max: 1 }),
      0,
      "Share of the loss that is about pairs: of a user's samples in the batch, the positive one above the negative one.",
    ),
    calibrate: optional(
      choice("none", "platt", "isotonic"),
      "none",
      "Corrects the probability on the validation part after training: along a line of the logit, or by steps that only rise.",
    ),
    bias: optional(
      references(wanted.bias),
      null,
      "What the label depended on besides who was shown what, as its position: adds to the log-odds in training alone.",
    ),
  }),
  regression: signature("A number, learned by squared error.", task),
} as const;
