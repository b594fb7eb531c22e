"""Paths: which files run by themselves, which hold secrets, what lies inside the roots."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Parts of a path, `/`-separated and lower case, whose files are run by something later (DESIGN §3). A folder counts
#: with all above it that can be put in place at once: `.github` moved there whole brings its workflows along.
#: Git runs what its configuration says, and a `.git` file, a `commondir` or a `HEAD` makes a repository of any folder.
_RUNS = re.compile(
    r"(?:^|/)(?:"
    r"[^/]*\.git(?:/|$)|head$|commondir$|\.gitconfig$|\.gitattributes$|\.gitmodules$|\.husky(?:/|$)|\.githooks(?:/|$)"
    r"|\.(?:bash|zsh|ksh|csh|tcsh)[a-z_]*$|\.profile$|\.zshenv$|\.login$|\.xinitrc$|\.xprofile$|\.inputrc$"
    r"|\.config(?:/(?:fish|autostart|systemd|git|nvim)(?:/|$)|$)|\.local(?:/share(?:/systemd(?:/|$)|$)|$)"
    r"|launch(?:agents|daemons)(?:/|$)|cron\.[a-z]+(?:/|$)|crontab"
    r"|\.github(?:/(?:workflows|actions)(?:/|$)|$)|\.gitlab-ci\.ya?ml$|\.circleci(?:/|$)|\.travis\.ya?ml$|jenkinsfile$"
    r"|azure-pipelines\.ya?ml$|bitbucket-pipelines\.ya?ml$|\.pre-commit-config\.ya?ml$"
    r"|package\.json$|\.npmrc$|\.yarnrc[^/]*$|setup\.py$|conftest\.py$|sitecustomize\.py$|usercustomize\.py$|[^/]+\.pth$"
    r"|(?:gnu)?makefile$|justfile$|rakefile$|dockerfile[^/]*$|docker-compose[^/]*\.ya?ml$|\.envrc$"
    r"|\.vscode(?:/(?:tasks|launch|settings)\.json$|$)"
    r"|\.(?:idea|cursor|claude|codex|gemini|vim)(?:/|$)|\.mcp\.json$|mcp\.json$"
    r"|\.ssh(?:/(?:authorized_keys|config|rc)[0-9]?$|$)|\.cargo(?:/config(?:\.toml)?$|$)"
    r"|\.gdbinit$|\.vimrc$|\.exrc$|\.emacs$|\.lldbinit$|\.tmux\.conf$"
    r")"
)
_SECRET = re.compile(
    r"(?:^|/)(?:"
    r"\.env(?:\.(?!example$|sample$|template$|dist$)[^/]*)?$|\.ssh/(?!known_hosts|config$|[^/]*\.pub$)[^/]*$|\.ssh$"
    r"|id_(?:rsa|dsa|ecdsa|ed25519)[^/]*(?<!\.pub)$"
    r"|[^/]+\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk|asc|gpg|age)$"
    r"|\.(?:netrc|pgpass|npmrc|pypirc|git-credentials|htpasswd|vault-token|my\.cnf|boto|s3cfg)$|_netrc$"
    r"|\.(?:aws|azure|gnupg|kube|docker|oci)(?:/|$)|\.config/(?:gcloud|gh|hub|op|sops|rclone)(?:/|$)"
    r"|(?:credentials?|secrets?)(?:\.(?:json|ya?ml|toml|ini|txt|xml|env|db))?$|service[_-]?account[^/]*\.json$"
    r"|client_secret[^/]*\.json$|[^/]*\.keychain(?:-db)?$|library/keychains(?:/|$)"
    r"|etc/(?:g?shadow-?|sudoers(?:\.d)?(?:/|$)|master\.passwd)|proc/[^/]+/(?:environ|mem|maps|fd)(?:/|$)"
    r"|(?:google-chrome|chromium|firefox|mozilla|brave-browser|microsoft-edge)/.*"
    r"(?:login data|cookies|key4\.db|logins\.json)"
    r"|terraform\.tfstate[^/]*$|\.dockercfg$|wallet\.dat$"
    r")"
)


def _folded(path: str) -> str:
    return path.replace("\\", "/").casefold()


def runs_by_itself(path: str) -> bool:
    """Would something else run or load this file later, without being asked?"""
    return bool(_RUNS.search(_folded(path)))


def secret(path: str) -> bool:
    """Is this a place where credentials are kept? Case does not matter: some file systems ignore it."""
    return bool(_SECRET.search(_folded(path)))


def inside(path: str, roots: Sequence[str]) -> bool:
    """Is a resolved absolute path one of the roots or below one?"""
    return any(path == root or path.startswith(root.rstrip("/") + "/") for root in roots)
