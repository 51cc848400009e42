"""Pictures made by arithmetic, as arrays [height, width, 3] uint8."""

import numpy as np


def whole_number_waves(width, height, seed):
    """Waves that grow finer, with edges, from whole numbers alone: test/fixtures/llava-next/picture.ts makes the same."""
    y, x, channel = np.mgrid[0:height, 0:width, 0:3]
    waves = (x * x * 3 + y * y * 5 + x * y * 7) // (4 + seed) + channel * 50 + seed * 31
    return ((waves + (x // 7 + y // 5) % 2 * 90) % 256).astype(np.uint8)


def waves_and_noise(width: int, height: int, seed: int) -> np.ndarray:
    """Smooth waves, hard edges and noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([np.sin(x / (3 + c) + c) * np.cos(y / (5 - c)) for c in range(3)], axis=-1) * 100 + 128
    edges = ((x // 7 + y // 5) % 2)[..., None] * 60.0
    noise = random.integers(-40, 40, (height, width, 3))
    return np.clip(waves + edges + noise, 0, 255).astype(np.uint8)
