"""Fit a model to the batches of a loader."""

import math
import os
import warnings
from collections.abc import Callable
from pathlib import Path

from torch import nn
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from spikereg import recipes
from spikereg._batches import Batches
from spikereg._check import finite_weights, one_of, positive, whole_number
from spikereg._descent import Descent
from spikereg._run import History, Run
from spikereg._ways import BACKENDS
from spikereg.evaluation import evaluate
from spikereg.losses import CURVES, LossFunction, described, is_loss

__all__ = ["History", "fit"]


def fit(
    model: nn.Module,
    loader: Batches,
    epochs: int = 100,
    lr: float | None = None,
    *,
    loss: LossFunction = CURVES,
    recipe: str = "tutorial",
    spike_penalty: float = 0.0,
    validation: Batches | None = None,
    patience: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 1,
    backend: str = "auto",
    progress: bool = True,
    on_epoch: Callable[[int, nn.Module], object] | None = None,
) -> History:
    r"""Minimize a loss, the mean squared error unless asked otherwise, with Adam.

    Each step minimizes :math:`\frac1n \sum (\hat y - y)^2`, or another loss, over one
    batch, then puts what a neuron clamps, such as its decay β to [0, 1], back into its
    range. The neuron clamps it in its forward pass, so a β that an optimizer step has
    carried outside has no gradient any more and would stay stuck for good.

    The recipe says how Adam walks. ``"tutorial"``: at a constant rate, with PyTorch's
    other defaults. ``"accurate"``: in epoch :math:`n` of :math:`N`, counted from 0, at
    the rate

    .. math:: \text{lr} \cdot \min\bigl(1, \tfrac{n + 1}{N / 20}\bigr) \cdot
              \tfrac12 \bigl(1 + \cos \tfrac{\pi n}{N}\bigr) ,

    and with a memory of 20 steps, not 1,000, for the squares of the gradients
    (:math:`\beta_2 = 0.95`): surrogate gradients change their size as neurons begin or
    cease to fire. It suits any model and wants some hundred steps at least.

    **Stop early.** With a ``validation`` loader the model is given back with the
    weights of its best epoch there, whatever ends the training; ``patience`` ends it.

    **Stop and go on.** With a ``checkpoint`` the training begins where that file ends:
    weights, Adam, learning rates, the loader's order and the history continue as if
    nothing had been in between. Call it again with the same arguments, after a crash
    too, or with more ``epochs`` (if the recipe's rate is constant). The file holds
    numbers only (safetensors), and is replaced as a whole or not at all.

    Args:
        model: Maps features ``[T, B, F]`` to predictions ``[T, B, O]``. Batches are
            moved to the device of its parameters. It is left in training mode.
        loader: Yields features and labels; gone through once an epoch. Labels are
            curves ``[T, B, O]``, one number for each output and sequence, ``[B, O]``,
            or the class of each sequence, whole numbers ``[B]``. A third item, the mask
            ``[T, B]`` of truth values, says which steps of each sequence count: those
            that are not padding, or those that its answer is read from.
        epochs: Number of passes over the loader, at least 1.
        lr: Learning rate of Adam, positive; the largest one of a recipe that changes
            it. ``None`` is 1e-3 for ``"tutorial"`` and 3e-3 for ``"accurate"``.
        loss: One of :mod:`spikereg.losses`, or a function of your own, called as
            ``loss(output, labels)``, with the mask as a third argument if there is one.
        recipe: ``"tutorial"`` or ``"accurate"``.
        spike_penalty: Weight :math:`\lambda \ge 0` of the firing rate. Unless it is 0,
            what is minimized is the loss plus :math:`\lambda` times the spikes per
            hidden neuron and step; the model must have a ``trace``.
        validation: What the model does not learn from; gone through after each epoch.
        patience: End the training after so many epochs without a smaller error on the
            validation loader, at least 1.
        checkpoint: File to go on from if it is there, and to keep the training in.
            Random numbers of PyTorch's global generator on the CPU, such as dropout's,
            continue too, those of a GPU do not; a loader of your own continues if it
            draws from a ``torch.Generator`` in its attribute ``generator``.
        checkpoint_every: Write the file after so many epochs, at least 1, and at the
            end. What is killed in between loses as many at most.
        backend: ``"torch"`` is PyTorch's loop, for any model: the specification.
            ``"compiled"`` makes the same steps without autograd, several times as fast
            where batches are small: the same gradients to rounding, the same Adam. It
            is for a :class:`~spikereg.SpikingRegressor` on the CPU whose layers are
            ``nn.Linear`` and neurons that :func:`~spikereg.scan` compiles, in float32
            or float64, for the mean squared error of curves, without masks,
            ``spike_penalty``, hooks, autocast or other modes of
            PyTorch that look on; it writes each step's gradients into the same
            tensors, ``p.grad``. ``"auto"`` takes ``"compiled"`` where it can do the
            job and ``"torch"`` elsewhere, anew in each epoch.
        progress: Show a progress bar with the loss.
        on_epoch: Called as ``on_epoch(epoch, model)`` after each epoch, counted from
            1: to record a prediction or a decay on the way.

    Returns:
        The history. Also if ``on_epoch`` raises, or at Ctrl-C: the training then ends
        with a warning, and ``history.error`` is the exception. Whatever else is raised
        on the way has the history so far as its attribute ``history``.

    Raises:
        ValueError: For a bad number of epochs, learning rate or penalty, an unknown
            recipe or backend, a penalty for a model that does not spike, a model
            without parameters to learn, an epoch without batches, a batch that is no
            pair or triple, features, labels or masks of another shape than above,
            empty, not finite, batch-first or of another data type than the model's
            weights, labels that do not fit the prediction, classes without an output, a
            sequence without a step that counts, weights that are not finite, patience
            without a validation loader, or a checkpoint that is damaged or of another
            training. Under ``"compiled"`` also for what only ``"torch"`` can do, which
            is named. What is wrong with the arguments or the first batch leaves the
            model as it was; what is wrong with a later batch, as it has become.
        TypeError: For features, labels or masks that are no tensors, or a loss that
            returns no scalar.
        FloatingPointError: At the first loss or gradient that is not finite. The model
            then has the last weights whose loss was finite, or its first if none was;
            with a validation loader its best.

    Warns:
        RuntimeWarning: If the loss of the last epoch is not below that of the first
            (unless a penalty is asked for or the best weights are kept), if something
            ended the training before its time, or if the labels are so far from 1 that
            Adam's steps cannot suit them.
    """
    whole_number("epochs", epochs, at_least=1)
    one_of("recipe", recipe, tuple(recipes.RECIPES))
    one_of("backend", backend, BACKENDS)
    is_loss(loss)
    lr = recipes.RECIPES[recipe].lr if lr is None else lr
    positive("lr", lr)
    whole_number("checkpoint_every", checkpoint_every, at_least=1)
    if patience is not None:
        whole_number("patience", patience, at_least=1)
        if validation is None:
            raise ValueError(
                f"patience must be None without a validation loader, not {patience!r}"
            )
    path = None if checkpoint is None else Path(checkpoint)
    if path is not None and not path.parent.is_dir():
        raise ValueError(f"checkpoint must lie in a folder that is there, not {path}")
    # Whether between two epochs something runs that may change the model
    loaders = [loader] if validation is None else [loader, validation]
    watched = on_epoch is not None or not all(
        isinstance(each, DataLoader) for each in loaders
    )
    descent = Descent(model, recipe, float(lr), loss, spike_penalty, backend, watched)
    settings = {
        "loss": None if loss == CURVES else described(loss),
        "recipe": recipe,
        "lr": float(lr),
        "spike_penalty": float(spike_penalty),
        "validation": validation is not None,
    }
    run = Run(descent, loader, int(epochs), settings)
    finite_weights(model)
    if path is not None:
        run.begin(path)
    model.train()
    history = run.history
    saved = len(history.loss)

    try:
        with tqdm(
            total=epochs, initial=saved, desc="fit", unit="epoch", disable=not progress
        ) as bar:
            while len(history.loss) < epochs and not _waited(history, patience):
                epoch = len(history.loss) + 1
                value = descent.epoch(loader, epoch, epochs)
                run.note(
                    value,
                    None if validation is None else _error(model, validation, loss),
                )
                if progress:
                    bar.set_postfix(_shown(history), refresh=False)
                    bar.update()
                try:
                    if on_epoch is not None:
                        on_epoch(epoch, model)
                except Exception as error:
                    history.error = error
                ends = history.error is not None
                if path is not None and (epoch % checkpoint_every == 0 or ends):
                    run.save(path)
                    saved = epoch
                if ends:
                    break
        if path is not None and saved < len(history.loss):
            run.save(path)
    except KeyboardInterrupt as error:
        history.error = error
    except Exception as error:
        error.history = history  # type: ignore[attr-defined]
        raise
    finally:
        run.bring_best_back()
    _warn(history, epochs, worse=validation is None and spike_penalty == 0)
    return history


def _error(model: nn.Module, validation: Batches, loss: LossFunction) -> float:
    error = evaluate(model, validation, loss=loss).loss
    return math.inf if math.isnan(error) else error


def _waited(history: History, patience: int | None) -> bool:
    """Say whether the validation error has not fallen for too long."""
    if patience is None or history.best is None:
        return False
    return len(history.validation) - history.best >= patience


def _shown(history: History) -> dict[str, str]:
    shown = {"loss": f"{history.loss[-1]:.3e}"}
    if history.validation:
        shown["validation"] = f"{history.validation[-1]:.3e}"
    return shown


def _warn(history: History, epochs: int, worse: bool) -> None:
    """Say what a caller should know who does not look at the history."""
    loss = history.loss
    if history.error is not None:
        warnings.warn(
            f"training ended after {len(loss)} of {epochs} epochs, by "
            f"{history.error!r}: history.error",
            RuntimeWarning,
            stacklevel=3,
        )
    elif worse and len(loss) > 1 and not loss[-1] <= loss[0]:
        warnings.warn(
            f"training ended worse than it began, with a loss of {loss[-1]:.3g} after "
            f"{loss[0]:.3g} in its first epoch: try a smaller learning rate",
            RuntimeWarning,
            stacklevel=3,
        )
