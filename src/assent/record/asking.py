"""Asking a witness over HTTP: bounded in time and size, never redirected, certificates verified."""

from __future__ import annotations

from assent.errors import ConfigError, ProofError

#: Seconds for one answer, connecting included; bytes of one.
PATIENCE, MAX_ANSWER = 5.0, 64 * 1024


def ask(url: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to `add-checkpoint` (c2sp.org/tlog-witness).

    Args:
        url: the witness's submission prefix.

    Raises:
        ConfigError: `server_not_installed`.
        ProofError: `bad_witness`: no answer in time, or one too large.
    """
    try:
        import urllib3
    except ModuleNotFoundError as error:
        help = "run: pip install 'assent[server]'"
        raise ConfigError("server_not_installed", "`urllib3` is not installed", help=help) from error
    timeout = urllib3.Timeout(total=PATIENCE)
    try:
        with urllib3.PoolManager(num_pools=1, retries=False, timeout=timeout) as pool:
            answer = pool.request(
                "POST", f"{url.rstrip('/')}/add-checkpoint", body=body, redirect=False, preload_content=False
            )
            found = answer.read(MAX_ANSWER + 1, decode_content=False)
            answer.close()
    except (urllib3.exceptions.HTTPError, UnicodeError, ValueError) as error:
        raise ProofError("bad_witness", f"it gave no answer: {type(error).__name__}") from error
    if len(found) > MAX_ANSWER:
        raise ProofError("bad_witness", "its answer is too large")
    return answer.status, found
