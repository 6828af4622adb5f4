"""The command that reports the processes whose recordings are in a folder: by a sidecar, or by systemd at the end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from otel_crumbs.export.spool.private_folder import PrivateFolder, UnsafeFolderError
from otel_crumbs.recorder.look import Look
from otel_crumbs.recorder.recovery import Recovery

from .config import Config
from .installation import Installation


def recover(folder: str, *, timeout: float) -> int:
    """
    Report the processes that have died, and return the exit status of the command.

    Args:
        folder: The folder of the recordings.
        timeout: How long to wait for delivery, in seconds.

    """
    path = Path(folder).absolute()
    if not path.is_dir():
        sys.stderr.write(f"otel-crumbs: {path} is no folder. Remedy: name that of OTEL_CRUMBS_RECORDER\n")
        return 2
    recordings = PrivateFolder(path)
    try:
        with recordings.open():
            pass
    except (OSError, UnsafeFolderError) as error:
        sys.stderr.write(f"otel-crumbs: cannot look for recordings: {error}\n")
        return 2
    config = Config.read(os.environ, {"recorder": "off", "flush_timeout": timeout})
    installation = Installation(config, lambda _: None)
    recovery = Recovery(recordings, installation.emit_crash, size=config.max_breadcrumbs, service=lambda: None)
    look = Look(recovery, most=None, keep=None)
    look.continue_for()
    # An earlier run of this command may have found nobody to take its events.
    installation.look_for_undelivered()
    delivered = installation.flush(timeout)
    installation.end()
    outcome = "delivered" if delivered else "not delivered yet, and kept in the spool if there is one"
    sys.stdout.write(f"otel-crumbs: {look.found} deaths found{f', {outcome}' if look.found else ''}\n")
    return 0 if delivered else 1
