"""Which device to compute on."""

import torch

from radarseq.errors import DeviceError

DEVICE_NAMES = ("auto", "cpu", "cuda")


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of a name; ``auto`` takes CUDA where there is one.

    Raises:
        DeviceError: If the name is unknown, or CUDA is asked for and absent.
    """
    if name not in DEVICE_NAMES:
        raise DeviceError(f"device is {name!r}; expected one of {', '.join(DEVICE_NAMES)}")
    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceError(
            "device is 'cuda', but this machine offers no CUDA device to torch "
            f"{torch.__version__}. Use --device cpu, or install a CUDA build of torch"
        )
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)
