"""Ctrl-C during a training on the command line."""

from contextlib import contextmanager


@contextmanager
def interrupted(monkeypatch, role, epoch):
    """Let a training of the role's module be interrupted while it reports an epoch."""

    def report(reached):
        if reached.epoch == epoch:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(role, "print_epoch", report)
        yield
