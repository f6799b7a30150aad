"""Programs that tests start and stop."""

import signal


def restore_ctrl_c() -> None:
    """For `preexec_fn`: SIGINT stops the program, as in a terminal, also where the tests are a shell's background job.

    Such a job ignores the signal, and SIGQUIT, and its children would do so too.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
