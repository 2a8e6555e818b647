"""One process that measures: reads calls from its input and prints the results.

Each peer has its own, as it has with its users: in a common process what the others had
left of the heap made spikereg's steps 1.4 times as long, and JAX's first ones twice.

Threads and cores are settled by whoever starts it, since NumPy, PyTorch and JAX look
once, when they are loaded. They are loaded at need, so that no peer's first step is
shortened by what another one loads.
"""

import json
import math
import statistics
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any


class Worker:
    """What a worker can be asked for. Times are in seconds."""

    def build(
        self,
        peer: str,
        size: list[int],
        thresholds: float = 1.0,
        batch: int | None = None,
    ) -> None:
        """Build a peer on its job, or on batches of it."""
        from job import Size, job

        self.peer = _peer(peer, job(Size(*size), thresholds), batch)

    def where(self) -> str:
        """Name the folder from which the package is imported."""
        import spikereg

        return str(Path(spikereg.__file__).parents[1])

    def knows(self, peer: str, size: list[int]) -> bool:
        """Tell whether this version of the package can do a job."""
        try:
            self.build(peer, size)
            self.once()
        except (AttributeError, TypeError):
            return False
        return True

    def rates(self) -> list[float]:
        """Measure how often the neurons of spikereg's hidden layers fire."""
        trace = self.peer.model.trace(self.peer.features)
        return [spikes.mean().item() for spikes in trace.spikes.values()]

    def once(self) -> float:
        """Time one training step, or as many as the peer makes at once."""
        start = time.perf_counter()
        self.peer.step()
        return time.perf_counter() - start

    def block(self, seconds: float) -> list[float]:
        """Time steps on end, after one that finds the caches as others left them.

        A peer that makes several at once gives their mean.
        """
        self.once()
        times = [self.once()]
        while sum(times) < seconds:
            times.append(self.once())
        return [taken / getattr(self.peer, "steps", 1) for taken in times]

    def parts(self) -> dict[str, float]:
        """Tell the median times of the parts of a step, in milliseconds."""
        parts = self.peer.parts.items()
        return {name: 1e3 * statistics.median(times) for name, times in parts}

    def memory(self, peer: str, size: list[int]) -> float:
        """Measure the most that steps take beyond the process at rest, in bytes.

        At rest it has trained by a step already: all is compiled. Only Linux can tell,
        since it forgets the largest memory up to now when asked to.
        """
        self.build(peer, size)
        self.once()
        if not Path("/proc/self/clear_refs").exists():
            return math.nan
        Path("/proc/self/clear_refs").write_text("5")
        before = _largest_memory()
        for _ in range(3):
            self.once()
        return _largest_memory() - before

    def check(
        self, peers: list[str], size: list[int], beside: str = "snntorch"
    ) -> dict[str, str]:
        """Check peers against snnTorch's loop or another one; say what differs."""
        from check import check
        from job import Size, job

        size = Size(*size)
        exact = job(size, exact=True)
        expected = _peer(beside, exact).gradients()
        return {
            name: check(name, _peer(name, exact).gradients(), expected, size, beside)
            for name in peers
        }


def _peer(name: str, job: Any, batch: int | None = None) -> Any:
    what, _, which = name.removesuffix(" before").partition(" ")
    if which:  # such as "fit snntorch"
        build = import_module(f"peer_{what}").PEERS[which]
        return build(job) if batch is None else build(job, batch)
    if name == "jax":
        from peer_jax import JaxPeer

        return JaxPeer(job)

    import peers

    if name in ("spikereg", "before"):
        return peers.fastest(peers.spikereg, job)
    if name == "parts":
        from parts import Watched

        return Watched(job)
    networks = {
        "autograd": peers.spikereg,
        "snntorch": peers.SnnTorch,
        "floor": peers.Floor,
    }
    if name == "spikingjelly":
        from peer_jelly import SpikingJelly

        networks[name] = SpikingJelly
    elif name == "norse":
        from peer_norse import Norse

        networks[name] = Norse
    return peers.TorchPeer(networks[name], job)


def _largest_memory() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    worker = Worker()
    for line in sys.stdin:
        name, arguments = json.loads(line)
        print(json.dumps(getattr(worker, name)(*arguments)), flush=True)
