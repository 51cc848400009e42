"""Writes test/fixtures/objective/reference.json: losses, gradients and optimizer steps computed with PyTorch.

Run from the repository root: python tools/reference/make_objective_fixtures.py  (needs torch and numpy)
Losses and gradients are float64; the TypeScript side computes in float32 and must agree to 2e-5 of the largest entry.
AdamW is torch.optim.AdamW in float64, to be met to 1e-6. torch.optim.Muon runs Newton-Schulz in bfloat16; the same steps are
written here in float64 (to be met to 1e-5), after a check that they follow torch's own up to that rounding.
"""

import json
import math
from pathlib import Path

import torch
from torch.nn.functional import log_softmax, normalize, silu
from torch.optim import AdamW, Muon

torch.manual_seed(20260)
torch.set_default_dtype(torch.float64)

QUERIES, HARD, PATHS, DIMENSIONS, HIDDEN, TEMPERATURE = 6, 2, 3, 5, 7, 0.2
TARGETS = QUERIES + HARD


def values(*shape, scale=1.0):
    """Normal numbers that float32 holds exactly."""
    return (torch.randn(*shape) * scale).to(torch.float32).to(torch.float64)


def plain(tensor):
    """Nine digits: enough to tell every float32 from its neighbours."""
    return {"shape": list(tensor.shape), "data": [float(f"{x:.9g}") for x in tensor.detach().reshape(-1).tolist()]}


def info_nce(queries, targets, positives, excluded, symmetric=False):
    """[B, D] x [M, D]; every positive against itself and the negatives, one row after another."""

    def directed(scores, positives, excluded):
        losses, hits = [], []
        for row, positive, out in zip(scores, positives.bool(), excluded.bool()):
            if not positive.any():
                continue
            negatives = row[~positive & ~out]
            losses.append(torch.stack([-log_softmax(torch.cat([p[None], negatives]), 0)[0] for p in row[positive]]).mean())
            hits.append(float(row[positive].max() > negatives.max()) if len(negatives) else 1.0)
        return torch.stack(losses).mean(), sum(hits) / len(hits)

    scores = queries @ targets.T / TEMPERATURE
    loss, precision = directed(scores, positives, excluded)
    if symmetric:
        loss = (loss + directed(scores.T, positives.T, excluded.T)[0]) / 2
    return loss, precision


def standardise(x):
    centred = x - x.mean(-2, keepdim=True)
    return centred / torch.sqrt((centred**2).mean(-2, keepdim=True) + 1e-6)


def pairs_of(paths):
    return [(i, j) for i in range(paths) for j in range(i + 1, paths)]


def predict(x, p, at):
    hidden = silu(x @ p["hidden.weight"][at] + p["hidden.bias"][at])
    mean = hidden @ p["mean.weight"][at] + x @ p["mean.linear"][at] + p["mean.bias"][at]
    return mean, 3 * torch.tanh((hidden @ p["logVariance.weight"][at] + p["logVariance.bias"][at]) / 3)


def log_q(y, mean, log_variance):
    return -0.5 * ((y - mean) ** 2 / log_variance.exp() + log_variance + math.log(2 * math.pi))


def vclub(paths, p):
    """Per pair, all B x B negatives written out. Also the negative log-likelihood and the marginal's."""
    value, nll, marginal = [], [], []
    for at, (i, j) in enumerate(pairs_of(paths.shape[1])):
        x, y = standardise(paths[:, i]), standardise(paths[:, j])
        mean, log_variance = predict(x, p, at)
        positive = log_q(y, mean, log_variance)
        negative = log_q(y[None, :, :], mean[:, None, :], log_variance[:, None, :])
        value.append((positive - negative.mean(1)).mean())
        nll.append(-positive.mean())
        variance = (y**2).mean(0).clamp(min=math.exp(-3))
        marginal.append(-log_q(y, torch.zeros_like(y), variance.log().expand_as(y)).mean())
    return torch.stack(value), torch.stack(nll), torch.stack(marginal)


def orthogonality(paths, centred):
    vectors = normalize(paths - paths.mean(0) if centred else paths, dim=-1)
    return torch.stack([((vectors[:, i] * vectors[:, j]).sum(-1) ** 2).mean() for i, j in pairs_of(paths.shape[1])]).mean()


def gaussians():
    count = len(pairs_of(PATHS))
    shapes = {
        "hidden.weight": (count, DIMENSIONS, HIDDEN),
        "hidden.bias": (count, 1, HIDDEN),
        "mean.weight": (count, HIDDEN, DIMENSIONS),
        "mean.bias": (count, 1, DIMENSIONS),
        "mean.linear": (count, DIMENSIONS, DIMENSIONS),
        "logVariance.weight": (count, HIDDEN, DIMENSIONS),
        "logVariance.bias": (count, 1, DIMENSIONS),
    }
    return {name: values(*shape, scale=0.4) for name, shape in shapes.items()}


def masks():
    positives = torch.eye(QUERIES, TARGETS)
    positives[1, 6] = 1  # a second positive
    excluded = torch.zeros(QUERIES, TARGETS)
    excluded[2, 4] = excluded[4, 2] = excluded[3, 7] = 1
    return positives, excluded


def make_losses():
    positives, excluded = masks()
    embeddings = {
        "queryPaths": values(QUERIES, PATHS, DIMENSIONS),
        "targetPaths": values(TARGETS, PATHS, DIMENSIONS),
        "queryAggregate": values(QUERIES, DIMENSIONS),
        "targetAggregate": values(TARGETS, DIMENSIONS),
    }
    # one query shows its own target, so that precision is between 0 and 1
    embeddings["queryAggregate"][0] = embeddings["targetAggregate"][0]
    embeddings["queryPaths"][3] = embeddings["targetPaths"][3]
    estimator = {"queries": gaussians(), "targets": gaussians()}
    weights = {"temperature": TEMPERATURE, "pathWeight": 0.7, "regulariserWeight": 0.3}

    def regulariser(kind, unit):
        sides = {"queries": unit["queryPaths"], "targets": unit["targetPaths"]}
        if kind == "none":
            return torch.zeros(())
        if kind == "vclub":
            return torch.stack([vclub(paths, estimator[side])[0].mean() for side, paths in sides.items()]).mean()
        return torch.stack([orthogonality(paths, kind == "centred") for paths in sides.values()]).mean()

    def whole(kind, symmetric):
        leaves = {name: tensor.clone().requires_grad_() for name, tensor in embeddings.items()}
        unit = {name: normalize(tensor, dim=-1) for name, tensor in leaves.items()}
        aggregate, precision = info_nce(unit["queryAggregate"], unit["targetAggregate"], positives, excluded, symmetric)
        per_path = [info_nce(unit["queryPaths"][:, i], unit["targetPaths"][:, i], positives, excluded, symmetric) for i in range(PATHS)]
        path_losses = torch.stack([loss for loss, _ in per_path])
        term = regulariser(kind, unit)
        loss = aggregate + weights["pathWeight"] * path_losses.mean() + weights["regulariserWeight"] * term
        loss.backward()
        return {
            "loss": loss.item(),
            "aggregateLoss": aggregate.item(),
            "aggregatePrecision": precision,
            "pathLosses": path_losses.tolist(),
            "pathPrecisions": [hit for _, hit in per_path],
            "regulariser": term.item(),
            "gradients": {name: plain(leaf.grad) for name, leaf in leaves.items()},
        }

    paths = normalize(embeddings["queryPaths"], dim=-1)
    leaf = {name: tensor.clone().requires_grad_() for name, tensor in estimator["queries"].items()}
    value, nll, marginal = vclub(paths, leaf)
    nll.mean().backward()
    return {
        "sizes": {"queries": QUERIES, "targets": TARGETS, "pathCount": PATHS, "dimensions": DIMENSIONS, "hiddenWidth": HIDDEN},
        "weights": weights,
        "masks": {"positives": plain(positives), "excluded": plain(excluded)},
        "embeddings": {name: plain(tensor) for name, tensor in embeddings.items()},
        "estimator": {side: {name: plain(tensor) for name, tensor in p.items()} for side, p in estimator.items()},
        "whole": {kind: whole(kind, False) for kind in ("none", "raw", "centred", "vclub")} | {"symmetric": whole("none", True)},
        "estimation": {
            "value": value.tolist(),
            "negativeLogLikelihood": nll.tolist(),
            "marginal": marginal.tolist(),
            "gradients": {name: plain(tensor.grad) for name, tensor in leaf.items()},
        },
    }


def make_adamw():
    first, second = values(3, 4), values(5)
    start = {"first": plain(first), "second": plain(second)}
    parameters = [first.clone().requires_grad_(), second.clone().requires_grad_()]
    groups = [{"params": [parameters[0]], "weight_decay": 0.1}, {"params": [parameters[1]], "lr": 3e-2, "weight_decay": 0.0}]
    optimizer = AdamW(groups, lr=1e-2, betas=(0.9, 0.98))
    steps = []
    for step in range(6):
        gradients = [values(3, 4, scale=10.0 ** (step - 3)), values(5)]
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = gradient
        if step == 2:
            parameters[1].grad = None  # takes no part in this step
        optimizer.step()
        present = {"first": plain(gradients[0])} | ({} if step == 2 else {"second": plain(gradients[1])})
        steps.append({"gradients": present, "after": {"first": plain(parameters[0]), "second": plain(parameters[1])}})
    return {"learningRate": 1e-2, "betas": [0.9, 0.98], "start": start, "steps": steps}


def orthogonalise(matrix):
    """torch.optim._muon._zeropower_via_newtonschulz without bfloat16."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x


def make_muon():
    rate, decay, momentum = 0.02, 0.1, 0.95
    cases = {}
    for name, shape in {"wide": (4, 9), "tall": (10, 3), "square": (6, 6)}.items():
        start = values(*shape)
        parameter, buffer = start.clone(), torch.zeros(*shape)
        theirs = start.to(torch.float32).requires_grad_()
        optimizer = Muon([theirs], lr=rate, weight_decay=decay, momentum=momentum)
        steps = []
        for _ in range(3):
            gradient = values(*shape)
            buffer.lerp_(gradient, 1 - momentum)
            update = orthogonalise(gradient.lerp(buffer, momentum))
            parameter = parameter * (1 - rate * decay) - rate * math.sqrt(max(1, shape[0] / shape[1])) * update
            theirs.grad = gradient.to(torch.float32)
            optimizer.step()
            steps.append({"gradient": plain(gradient), "after": plain(parameter)})
        moved = (parameter - start).norm()
        difference = (theirs.to(torch.float64) - parameter).norm() / moved
        assert difference < 0.02, f"{name}: {difference} of the way from torch.optim.Muon"
        cases[name] = {"start": plain(start), "steps": steps}
    return {"learningRate": rate, "weightDecay": decay, "momentum": momentum, "cases": cases}


reference = {
    "note": "made by tools/reference/make_objective_fixtures.py; made-up numbers",
    "torch": torch.__version__.split("+")[0],
    "losses": make_losses(),
    "adamw": make_adamw(),
    "muon": make_muon(),
}
file = Path("test/fixtures/objective/reference.json")
file.parent.mkdir(parents=True, exist_ok=True)
file.write_text(json.dumps(reference) + "\n")
