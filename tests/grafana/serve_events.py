"""A process that serves the real registry after one event of each kind; without argument, after none."""

import sys
import threading

from prometheus_client import Counter, Gauge, Histogram

from clients import metrics


def one_of_each() -> None:
    """Move every metric once, with a label value that a panel can show."""
    for metric in list(vars(metrics).values()):
        if isinstance(metric, Counter | Gauge | Histogram):
            values = [f"some-{name}" for name in metric._labelnames]
            child = metric.labels(*values) if values else metric
            if isinstance(child, Histogram):
                child.observe(0.3)
            else:
                child.inc()
    metrics.count_outcomes([("kept", None, 1), ("held", "step_error", 1), ("crisis", "acute", 1)])


if __name__ == "__main__":
    port = metrics.serve_metrics("127.0.0.1", 0)
    if len(sys.argv) > 1:
        one_of_each()
    print(port, flush=True)
    threading.Event().wait()
