"""A limit on the memory of a network that is built by a description from somebody else."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

CREATING = frozenset({torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn})
SLACK = 10_000_000
"""Elements beyond those of a checkpoint's tensors: of the packaged network, and of what building needs for a moment."""
AT_LEAST = 1024
"""Elements that each tensor counts for: a layer takes kilobytes, however few weights it has."""


class TooManyElements(RuntimeError):
    """A network is larger than the checkpoint that should fill it."""


class ElementLimit(TorchFunctionMode):
    """Within its block, raises TooManyElements before new tensors take more memory than some other tensors justify."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        self._left = SLACK + 2 * sum(max(AT_LEAST, tensor.numel()) for tensor in tensors.values())

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Count what creates a tensor before it is created."""
        options = kwargs or {}
        if func in CREATING:
            self._left -= max(AT_LEAST, func(*args, **(options | {"device": "meta"})).numel())
            if self._left < 0:
                raise TooManyElements("The network is larger than the weights that came with it.")
        return func(*args, **options)
