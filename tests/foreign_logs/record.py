"""Records the logs of other tools that lie beside this file, each with the real library.

    python -m venv v && v/bin/pip install torch lightning tensorboard tensorboardX
    v/bin/python tests/foreign_logs/record.py

Each is a small network with a BatchNormalization, trained for `STEPS` steps, with NaN in the input from
`NAN_STEP` on, so that the loss and the gradients become NaN. `versions.json` says what they were recorded
with. They are committed since these libraries are too large for an environment of tests.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import math
import shutil
import sys
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.tensorboard import SummaryWriter

FOLDER = Path(__file__).resolve().parent
STEPS, NAN_STEP = 60, 50
BATCHES_PER_EPOCH = 10
HISTOGRAM_EVERY = 5
HISTOGRAM_BINS = 64  # the default of 1500 makes large files
LIBRARIES = ("torch", "lightning", "tensorboardX", "tensorboard")


def make_model() -> torch.nn.Module:
    """A network whose layers have names."""
    torch.manual_seed(0)
    layers = {
        "fc1": torch.nn.Linear(4, 8),
        "bn1": torch.nn.BatchNorm1d(8),
        "relu": torch.nn.ReLU(),
        "fc2": torch.nn.Linear(8, 1),
    }
    model = torch.nn.Sequential()
    for name, layer in layers.items():
        model.add_module(name, layer)
    return model


def make_batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The batch of a step: one entry of it is NaN from `NAN_STEP` on."""
    x = torch.randn(32, 4, generator=torch.Generator().manual_seed(step))
    y = x.sum(dim=1, keepdim=True)
    if step >= NAN_STEP:
        y[0] = math.nan
    return x, y


def record_writer(writer: Any, *, histogram_steps: str) -> None:
    """A usual loop: scalars a step; histograms of weights and gradients now and then, or once an epoch.

    Args:
      writer: A `SummaryWriter` of PyTorch or of tensorboardX.
      histogram_steps: `step` or `epoch`.
    """
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for step in range(STEPS):
        x, y = make_batch(step)
        loss = torch.nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1e9)
        is_epoch = step % BATCHES_PER_EPOCH == BATCHES_PER_EPOCH - 1
        by_step = histogram_steps == "step"
        if step % HISTOGRAM_EVERY == 0 if by_step else is_epoch:
            at = step if by_step else step // BATCHES_PER_EPOCH
            for name, parameter in model.named_parameters():
                add_histogram(writer, name, parameter.detach(), at)
                add_histogram(writer, f"{name}.grad", parameter.grad, at)
        optimizer.step()
        writer.add_scalar("Loss/train", loss.item(), step)
        writer.add_scalar("lr", optimizer.param_groups[0]["lr"], step)
        writer.add_scalar("grad_norm", norm.item(), step)
        if is_epoch:
            writer.add_scalar("Loss/val", loss.item() + 0.1, step)
    writer.close()


def add_histogram(writer: Any, name: str, values: torch.Tensor, step: int) -> None:
    """These libraries refuse a histogram without any finite number; of such a one a few are made finite."""
    values = values.clone().flatten()
    if not torch.isfinite(values).any():
        values[0] = 0.0
    writer.add_histogram(name, values, step, max_bins=HISTOGRAM_BINS)


class Module(lightning.LightningModule):
    """A model that logs its loss a step and an epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.model = make_model()

    def training_step(self, batch: Any, batch_index: int) -> torch.Tensor:
        x, y = batch
        loss = torch.nn.functional.mse_loss(self.model(x), y)
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch: Any, batch_index: int) -> None:
        x, y = batch
        self.log("val_loss", torch.nn.functional.mse_loss(self.model(x), y))

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        self.log_dict(lightning.pytorch.utilities.grad_norm(self.model, norm_type=2))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.05)


def record_lightning(folder: Path) -> None:
    """A Trainer with its TensorBoard logger; epochs of `BATCHES_PER_EPOCH` batches."""
    batches = [make_batch(step) for step in range(BATCHES_PER_EPOCH)]

    class Batches(torch.utils.data.IterableDataset):
        epoch = 0

        def __iter__(self) -> Any:
            first = self.epoch * BATCHES_PER_EPOCH
            Batches.epoch += 1
            return iter([make_batch(step) for step in range(first, first + BATCHES_PER_EPOCH)])

    trainer = lightning.Trainer(
        max_epochs=STEPS // BATCHES_PER_EPOCH,
        accelerator="cpu",
        logger=TensorBoardLogger(folder, name="lightning_logs", version=0),
        callbacks=[LearningRateMonitor("step")],
        log_every_n_steps=1,
        enable_checkpointing=False,
        enable_progress_bar=False,
        num_sanity_val_steps=0,
    )
    loader = torch.utils.data.DataLoader(Batches(), batch_size=None)
    trainer.fit(Module(), loader, torch.utils.data.DataLoader(batches, batch_size=None))


def main() -> None:
    """Records all of them anew."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    import tensorboardX

    for name in ("torch", "tensorboardx", "lightning"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    record_writer(SummaryWriter(str(FOLDER / "torch" / "exp")), histogram_steps="step")
    record_writer(SummaryWriter(str(FOLDER / "torch" / "epochs")), histogram_steps="epoch")
    record_writer(tensorboardX.SummaryWriter(str(FOLDER / "tensorboardx" / "exp")), histogram_steps="step")
    with SummaryWriter(str(FOLDER / "torch" / "split")) as writer:
        for step in range(20):
            writer.add_scalars("Loss", {"train": 1 / (1 + step), "val": 1.1 / (1 + step)}, step)
    record_lightning(FOLDER / "lightning")
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    versions["python"] = sys.version.split()[0]
    (FOLDER / "versions.json").write_text(json.dumps(versions, indent=2) + "\n")


if __name__ == "__main__":
    main()
