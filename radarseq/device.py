"""Choice of the device to compute on."""

import os

import torch

from radarseq.errors import DeviceError

DEVICE_NAMES = ("auto", "cpu", "cuda")


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of a name; ``auto`` takes CUDA where there is one.

    Of several processes on a machine, as ``torchrun`` starts them, each takes a device of its own.

    Raises:
        DeviceError: If the name is unknown, or CUDA is asked for and absent, or the machine has
            fewer devices than processes.
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
    if name == "cuda" and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        rank, count = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if rank >= count:
            raise DeviceError(
                f"process {rank} of this machine (from 0) finds {count} CUDA devices. Start one "
                "process per device (torchrun --nproc-per-node), or use --device cpu"
            )
        torch.cuda.set_device(rank)
        return torch.device("cuda", rank)
    return torch.device(name)
