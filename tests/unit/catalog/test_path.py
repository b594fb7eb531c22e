"""Paths: what runs by itself, what holds secrets, what lies inside."""

from __future__ import annotations

import pytest

from assent.catalog.analysers import path

RUNS = [
    "/w/.git/hooks/pre-commit",
    "/w/.git/config",
    "/home/u/.bashrc",
    "/home/u/.zshenv",
    "/home/u/.config/fish/config.fish",
    "/w/.github/workflows/ci.yml",
    "/w/package.json",
    "/w/sub/Makefile",
    "/w/.vscode/tasks.json",
    "/w/conftest.py",
    "/w/.pre-commit-config.yaml",
    "/home/u/.ssh/authorized_keys",
    "/w/.GIT/HOOKS/post-checkout",
    "/w/.g\u200cit/config",
    "/w/git~1/hooks/pre-commit",
    "/w/.git./config",
    "/w/.git /config",
    "/w/.bashrc::$DATA",
    "/w/.bashrc:x",
    "/w/package.json. .",
    "/w/ｐackage.json",
    "/w/.ba\u017fhrc",
    *(
        f"/w/{name}"
        for name in (
            "AGENTS.md CLAUDE.md CLAUDE.local.md .cursorrules .windsurfrules .clinerules/x.md .cursor/rules/a.mdc "
            ".github/copilot-instructions.md .aider.conf.yml .continue/config.json opencode.json .claude/agents/x.md "
            "lefthook.yml .woodpecker/build.yml .drone.yml .buildkite/pipeline.yml cloudbuild.yaml action.yml "
            "compose.yaml docker-compose.override.yml .devcontainer/devcontainer.json .gitpod.yml .envrc .mise.toml "
            ".npmrc .pnpmfile.cjs Gemfile bunfig.toml deno.json pip.conf x.pth sitecustomize.py build.rs gradlew "
            "composer.json app.code-workspace .zed/tasks.json .dir-locals.el .nvim.lua .Rprofile .pdbrc .irbrc"
        ).split()
    ),
    *(
        f"/{name}"
        for name in (
            "etc/profile.d/x.sh etc/cron.d/x etc/crontab etc/systemd/system/x.service etc/ld.so.preload etc/pam.d/sshd "
            "usr/lib/systemd/system/x.service var/spool/cron/crontabs/u home/u/.config/autostart/x.desktop "
            "home/u/.local/share/applications/x.desktop home/u/.config/systemd/user/x.service home/u/.ssh/rc "
            "home/u/.config/nushell/config.nu home/u/.ipython/profile_default/startup/a.py"
        ).split()
    ),
]
PLAIN = [
    "/w/src/main.py",
    "/w/notes.txt",
    "/w/github/workflows.md",
    "/w/.gitignore",
    "/w/data.json",
    "/w/README.md",
    "/w/docs/agents-guide.md",
    "/w/pyproject.toml",
    "/w/src/compose.py",
    "/w/tests/test_action.py",
    "/w/etc.txt",
    "/w/a.b.",
    "/w/x: y.txt",
]
SECRET = [
    "/w/.env",
    "/w/.env.production",
    "/home/u/.ssh/id_ed25519",
    "/home/u/.aws/credentials",
    "/home/u/.netrc",
    "/home/u/.npmrc",
    "/w/server.pem",
    "/etc/shadow",
    "/w/secrets.yaml",
    "/w/service-account-prod.json",
    "/home/u/.config/gcloud/access_tokens.db",
    "/proc/self/environ",
    "/W/.ENV",
]
OPEN = [
    "/w/.env.example",
    "/w/environment.md",
    "/home/u/.ssh/id_ed25519.pub",
    "/w/secretary.txt",
    "/w/key.md",
    "/etc/hosts",
]


@pytest.mark.parametrize("name", RUNS)
def test_files_that_run_by_themselves(name: str) -> None:
    """DESIGN §3: written only with an answer; case does not matter."""
    assert path.runs_by_itself(name)


@pytest.mark.parametrize("name", PLAIN)
def test_ordinary_files_do_not_run(name: str) -> None:
    """Nobody is asked for ordinary work."""
    assert not path.runs_by_itself(name)


@pytest.mark.parametrize("name", SECRET)
def test_places_of_credentials(name: str) -> None:
    """Secret paths are denied by the starter policy; case does not matter."""
    assert path.secret(name)


@pytest.mark.parametrize("name", OPEN)
def test_what_is_no_secret(name: str) -> None:
    """Public halves, examples and look-alikes stay readable."""
    assert not path.secret(name)


def test_inside_is_whole_components() -> None:
    """`/w` does not hold `/w2`."""
    assert path.inside("/w", ["/w"])
    assert path.inside("/w/a", ["/w/"])
    assert not path.inside("/w2/a", ["/w"])
    assert not path.inside("", ["/w"])


HOME = "/home/u"
ROOTS = ("/home/u/code/app", "/home/u/Documents/thesis", "/home/u/Documents")
PRIVATE = [
    "",
    "/home/u/notes.txt",
    "/home/u/code/other/main.py",
    "/home/u/code/app-old/x",
    "/home/u/Documents/tax.pdf",
    "/home/u/Downloads/offer.pdf",
    "/home/u/.thunderbird/x.default/Mail/Inbox",
    "/home/u/.mozilla/firefox/abc/places.sqlite",
    "/home/u/.config/google-chrome/Default/History",
    "/home/u/Library/Messages/chat.db",
    "/home/u/.password-store/bank.gpg",
    "/home/other/Documents/letter.odt",
    "/private/Ana/Library/Mail/V10/x",
    "/var/mail/u",
    "/var/spool/mail/u",
    "/srv/backup/archive.PST",
    "/srv/export/all.mbox",
    "/srv/x/contacts.vcf",
]
OURS = [
    "/home/u/code/app",
    "/home/u/code/app/src/main.py",
    "/home/u/code/app/documents/readme.md",
    "/home/u/code/app/tests/fixtures/mail.eml",
    "/home/u/Documents/thesis/chapter1.tex",
    "/usr/share/doc/x",
    "/etc/hosts",
    "/srv/app/main.py",
    "/tmp/build/out.txt",
]


@pytest.mark.parametrize("name", PRIVATE)
def test_what_is_a_persons_own_is_private(name: str) -> None:
    """Below the home outside of projects, and where mail, chats, passwords, browsers and documents are kept."""
    assert path.private(name, ROOTS, HOME)


@pytest.mark.parametrize("name", OURS)
def test_what_belongs_to_a_project_or_the_system_is_not_private(name: str) -> None:
    """Inside a root nothing is private by itself."""
    assert not path.private(name, ROOTS, HOME)


@pytest.mark.parametrize("root", ["/", "/home", HOME, HOME + "/Documents", HOME + "/.thunderbird"])
def test_a_home_is_no_project(root: str) -> None:
    """Given as a root or not, what a person keeps there is theirs."""
    assert path.private(f"{HOME}/Documents/tax.pdf", (root,), HOME)


def test_the_operators_patterns_name_more() -> None:
    """`*` within a name, `**` across names, relative ones at any depth, whatever the case; what is below, too."""
    patterns = ("/srv/clients/**", "*.tax", "hr/*/pay", "/data/x?")
    for name in ("/srv/clients/a/b.txt", "/w/2025.TAX", "/w/hr/2025/pay", "/w/hr/2025/pay/june.csv", "/data/x1"):
        assert path.matches(name, patterns), name
    for name in ("/srv/clientsx/a", "/w/tax", "/w/hr/a/b/pay", "/data/x", "/data/x12"):
        assert not path.matches(name, patterns), name
