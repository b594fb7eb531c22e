"""Paths: which files run by themselves, which hold secrets, what lies inside the roots."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from unicodedata import normalize

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
    # git as Windows and HFS+ would also write it
    r"|git~[1-9](?:/|$)"
    # hooks of repositories, pipelines, and places that deploy what is pushed
    r"|\.?lefthook[^/]*\.(?:ya?ml|toml|json)$|\.overcommit\.yml$|\.pre-commit-hooks\.ya?ml$|\.(?:gitea|forgejo)(?:/|$)"
    r"|\.(?:buildkite|semaphore|woodpecker|tekton|teamcity|harness|drone|mvn|devcontainer|gitlab)(?:/|$)|bamboo-specs(?:/|$)"
    r"|\.?(?:drone|woodpecker|appveyor|cloudbuild|buildspec|circle|wercker|codefresh|gitpod|skaffold|heroku|render)\.ya?ml$"
    r"|action\.ya?ml$|netlify\.toml$|vercel\.json$|fly\.toml$|procfile$|vagrantfile$|tiltfile$|earthfile$|taskfile\.ya?ml$"
    r"|(?:docker-)?compose[^/]*\.ya?ml$|containerfile$|devcontainer\.json$|\.replit$"
    # package managers and builds that run code before anybody asks for it
    r"|\.pnpmfile\.[cm]?js$|\.?bunfig\.toml$|deno\.jsonc?$|pip\.(?:conf|ini)$|\.pip(?:/|$)|\.condarc$|\.gemrc$|\.bundle(?:/|$)"
    r"|gemfile$|[^/]+\.gemspec$|composer\.json$|build\.rs$|gradlew(?:\.bat)?$|mvnw(?:\.cmd)?$|init\.gradle[^/]*$|\.gradle(?:/|$)"
    r"|\.?mise\.toml$|flake\.nix$|shell\.nix$|pydistutils\.cfg$|\.pypirc$"
    # editors and tools that load it with the folder
    r"|[^/]+\.code-workspace$|[^/]+\.sublime-project$|\.(?:zed|fleet|helix|nova|emacs\.d|nvim)(?:/|$)|\.dir-locals(?:-2)?\.el$"
    r"|\.nvim(?:rc|\.lua)$|\.lvimrc$|\.(?:ipython|jupyter|julia)(?:/|$)|\.(?:pdb|irb|pry|psql|sqlite|octave|latexmk|screen|mail)rc$"
    r"|\.rprofile$|\.pythonrc[^/]*$|\.pythonstartup$|\.ghci$|\.iex\.exs$|\.mailcap$|\.procmailrc$|\.forward$|\.lessfilter$"
    # what steers an agent that works here next, and what its programs start
    r"|(?:agents|claude|gemini|qwen|codex|agent|warp|skill)(?:\.local|\.override)?\.md$|\.(?:cursor|windsurf|cline|roo|goose)(?:rules|hints)[^/]*(?:/|$)"
    r"|copilot-instructions\.md$|[^/]+\.(?:instructions|prompt|chatmode|agent)\.md$|\.aider[^/]*$|opencode\.jsonc?$"
    r"|\.(?:continue|windsurf|codeium|kiro|roo|cline|opencode|amazonq|junie|qwen|augment|agents?|trae)(?:/|$)"
    # starts of shells, sessions and machines
    r"|\.x(?:session|sessionrc|client)[^/]*$|\.config/(?:nushell|powershell|environment\.d|hypr|sway|i3)(?:/|$)|[^/]*profile\.ps1$"
    r"|etc/(?:profile(?:\.d)?|bash(?:rc|\.bashrc)|zsh(?:/|rc|env)|environment|crontab|anacrontab|cron\.[a-z]+|systemd|init\.d|rc\.local"
    r"|rc\.d|ld\.so\.(?:preload|conf(?:\.d)?)|udev|pam\.d|polkit-1|sudoers(?:\.d)?|xdg/autostart|apt|dnf|modprobe\.d|inittab"
    r"|network/if-up\.d|update-motd\.d|logrotate\.d|gitconfig)(?:/|$)"
    r"|(?:lib|run|share)/systemd(?:/|$)|spool/(?:cron|at|anacron)(?:/|$)|programs/startup(?:/|$)|library/(?:startupitems|loginitems)(?:/|$)"
    r"|[^/]+\.desktop$|dbus-1/(?:services|system-services)(?:/|$)|autorun\.inf$|desktop\.ini$|\.ssh/environment$"
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


#: Prefixes that switch off how Windows reads a path (learn.microsoft.com, "Naming Files, Paths, and Namespaces").
_DEVICE = re.compile(r"^//[?.]/(?:UNC/|GLOBALROOT/)?(?:[A-Za-z]:(?=/))?", re.IGNORECASE)
#: Characters that HFS+ leaves out of names when it compares them (Apple TN1150; CVE-2014-9390).
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
#: What Windows drops: dots and spaces at the end of a name, and the stream of a file after a colon.
_DROPPED = re.compile(r"(?<=[^/. ])[. ]+(?=/|\Z)|(?<=[^/][^/]):[^/]*")


def _folded(path: str) -> str:
    """A path as any of the file systems would compare it: case, normal form, and what they leave out."""
    text = path.replace("\\", "/")
    if not text.isascii():
        text = _IGNORED.sub("", normalize("NFKC", text))
    text = text.casefold()
    return (
        _DROPPED.sub("", text)
        if ":" in text or ". " in text or "./" in text or " /" in text or text[-1:] in ". "
        else text
    )


def runs_by_itself(path: str) -> bool:
    """Would something else run or load this file later, without being asked?"""
    return bool(_RUNS.search(_folded(path)))


def secret(path: str) -> bool:
    """Is this a place where credentials are kept? Case does not matter: some file systems ignore it."""
    return bool(_SECRET.search(_folded(path)))


#: Where people keep mail, calendars, contacts, chats, passwords and what they browse, on any system, below any home;
#: and files that are such a thing wherever they lie.
_PRIVATE = re.compile(
    r"(?:^|/)(?:"
    r"documents|desktop|downloads|pictures|movies|videos|music|dokumente|schreibtisch|bilder|escritorio|documentos|bureau"
    r"|onedrive[^/]*|dropbox[^/]*|google ?drive|icloud ?drive|library/mobile documents|nextcloud"
    r"|mail|maildir|\.mail|\.thunderbird|\.mutt|\.icedove|evolution|var/(?:spool/)?mail|library/(?:mail|messages|calendars"
    r"|contacts|safari|application support/addressbook|group containers|reminders|notes|cookies)"
    r"|\.mozilla|firefox/profiles|\.?librewolf|google-chrome[^/]*|chromium|bravesoftware|microsoft-edge[^/]*|vivaldi|opera[^/]*"
    r"|google/chrome|microsoft/edge|user data/(?:default|profile [0-9]+)"
    r"|signal|telegram desktop|\.?telegram[^/]*|whatsapp|discord|slack|element|\.purple|\.weechat|\.irssi|skype[^/]*"
    r"|microsoft teams"
    r"|\.password-store|keepass[^/]*|1password|bitwarden[^/]*|keyrings|kwalletd?|\.gnupg"
    r"|gnome-calendar|korganizer|\.calendars?|\.contacts|\.vdirsyncer|medical|\.obsidian"
    r"|(?:\.(?:bash|zsh|python|psql|mysql|sqlite|node_repl|less)_?hist(?:ory)?|\.histfile|fish_history)$"
    r"|[^/]+\.(?:eml|emlx|msg|mbox|pst|ost|dbx|vcf|ics|kdbx?|1pif|opvault|agilekeychain|psafe3)$"
    r")(?:/|$)"
)


def private(path: str, roots: Sequence[str], home: str) -> bool:
    """Is this resolved path of a person and no part of a project?

    Private is what lies below the user's home outside every root of the server, and what lies
    where mail, calendars, contacts, chats, passwords and browsers keep things. A file inside the root of
    a project is not private by itself; the home, what is above it, and such a place are no roots of a project.

    Args:
        path: resolved and absolute; empty counts as private.
        roots: resolved directories the server works in.
        home: the user's home, resolved; empty if unknown.
    """
    projects = [root for root in roots if not _personal(root, home)]
    if not path:
        return True
    if inside(path, projects):
        return False
    return bool(home and home != "/" and inside(path, [home])) or bool(_PRIVATE.search(_folded(path)))


def _personal(root: str, home: str) -> bool:
    """Is this a whole home or more, or one of the places in it that are no project's?"""
    if root == "/" or (home and inside(home, [root])):
        return True
    parent, _, name = root.rpartition("/")
    return bool(home) and parent == home and (name.startswith(".") or bool(_PRIVATE.search(_folded(root))))


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Does one of the operator's patterns name this resolved path, or a directory above it?"""
    return any(_glob(pattern).match(_folded(path)) for pattern in patterns)


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    """`*` within a name, `**` across names, `?` one character; a relative pattern at any depth."""
    folded = _folded(pattern)
    text = folded if folded.startswith("/") else "**/" + folded
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    found = (parts.get(one) or re.escape(one) for one in re.findall(r"\*\*/|\*\*|.", text.rstrip("/"), re.DOTALL))
    return re.compile("".join(found) + r"(?:/|\Z)", re.DOTALL)


def inside(path: str, roots: Sequence[str]) -> bool:
    """Is a resolved absolute path one of the roots or below one?"""
    return any(path == root or path.startswith(root.rstrip("/") + "/") for root in roots)


def other_systems(text: str) -> Iterator[str]:
    """The same path as another system, or a normalising one, would read it."""
    plain = _DEVICE.sub("", text.replace("\\", "/"))  # `\\?\C:\x`, `\\.\C:\x`
    if plain != text:
        yield plain
    # Windows drops dots and spaces at the end of a name, and reads what follows a colon as a stream of the file
    names = [name.rstrip(". ") or name for name in plain.split("/")]
    names = [name if at == 0 else name.partition(":")[0] or name for at, name in enumerate(names)]
    if (trimmed := "/".join(names)) != plain:
        yield trimmed
    if not text.isascii():
        yield from {normalize("NFC", text), normalize("NFD", text), normalize("NFKC", text)} - {text}
