"""One process that measures: reads calls from its input and prints the results.

Each peer has its own, as it has with its users: in a common process what the others had
left of the heap made spikereg's steps 1.4 times as long, and JAX's first ones twice.

Threads and cores are settled by whoever starts it, since NumPy, PyTorch and JAX look
once, when they are loaded. They are loaded at need, so that no peer's first step is
shortened by what another one loads.
"""

import json
import math
import sys
import time
from pathlib import Path
from typing import Any


class Worker:
    """What a worker can be asked for. Times are in seconds."""

    def build(self, peer: str, size: list[int], thresholds: float = 1.0) -> None:
        """Build a peer on its job."""
        from job import Size, job

        self.peer = _peer(peer, job(Size(*size), thresholds))

    def rates(self) -> list[float]:
        """Measure how often the neurons of spikereg's hidden layers fire."""
        trace = self.peer.model.trace(self.peer.features)
        return [spikes.mean().item() for spikes in trace.spikes.values()]

    def once(self) -> float:
        """Time one training step."""
        start = time.perf_counter()
        self.peer.step()
        return time.perf_counter() - start

    def block(self, seconds: float) -> list[float]:
        """Time steps on end, after one that finds the caches as others left them."""
        self.once()
        times = [self.once()]
        while sum(times) < seconds:
            times.append(self.once())
        return times

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

    def check(self, peers: list[str], size: list[int]) -> dict[str, str]:
        """Check peers against snnTorch's loop, and say what differs."""
        from check import check
        from job import Size, job

        size = Size(*size)
        exact = job(size, exact=True)
        expected = _peer("snntorch", exact).gradients()
        return {
            name: check(name, _peer(name, exact).gradients(), expected, size)
            for name in peers
        }


def _peer(name: str, job: Any) -> Any:
    if name == "jax":
        from peer_jax import JaxPeer

        return JaxPeer(job)

    import peers

    networks = {
        "spikereg": peers.spikereg,
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
