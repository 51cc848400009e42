"""Writes test/fixtures/training/loss-scaling.json: scales, counters and weights of torch.amp.GradScaler over steps of which some overflow.

Run from the repository root: python tools/reference/make_loss_scaling_fixtures.py  (needs torch)
"""

from pathlib import Path

import torch

from common.files import write_json

# scale, growth, backoff, interval, and which steps overflow
RUNS = {
    "as PyTorch begins": (65536.0, 2.0, 0.5, 3, [0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0]),
    "no powers of two": (1000.0, 1.5, 0.3, 2, [0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0]),
    "grown to the end of float32": (1e38, 2.0, 0.5, 1, [0, 0, 0, 0]),
}


def run(scale: float, growth: float, backoff: float, interval: int, overflows: list[int]) -> dict:
    """One weight under plain gradient descent; its gradient is that of the step's factor."""
    weight = torch.nn.Parameter(torch.tensor([0.5]))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    scaler = torch.amp.GradScaler(
        device="cpu", init_scale=scale, growth_factor=growth, backoff_factor=backoff, growth_interval=interval
    )
    steps = []
    for step, overflow in enumerate(overflows):
        optimizer.zero_grad()
        factor = float("inf") if overflow else 1e-3 * (step + 1)
        used = scaler.get_scale()
        scaler.scale((weight * factor).sum()).backward()
        scaled = weight.grad.item()
        scaler.unscale_(optimizer)
        gradient = weight.grad.item()
        scaler.step(optimizer)
        scaler.update()
        steps.append({
            "overflow": bool(overflow),
            "scaled": None if overflow else scaled,
            "gradient": None if overflow else gradient,
            "used": used,
            "weight": weight.item(),
            "scale": scaler.get_scale(),
            "clean": scaler.state_dict()["_growth_tracker"],
        })
    return {"initialScale": scale, "growthFactor": growth, "backoffFactor": backoff, "growthInterval": interval, "steps": steps}


def main() -> None:
    runs = {name: run(*options) for name, options in RUNS.items()}
    note = "made by tools/reference/make_loss_scaling_fixtures.py; made-up numbers"
    write_json(Path("test/fixtures/training/loss-scaling.json"), {"note": note, "torch": torch.__version__.split("+")[0], "runs": runs})


if __name__ == "__main__":
    main()
