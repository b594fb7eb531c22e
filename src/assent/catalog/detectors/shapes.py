"""Our own detector: the shapes that credentials have. Every pattern is linear in its input.

Most texts hold none, so a plain substring search for a fixed part goes first: it costs a
fraction of a pattern, and a pattern is compiled and runs only where its part was found.
Shapes are those their issuers publish; a secret without a shape is found by the word before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from assent.catalog.detectors import Found

#: Most characters of one text that are looked at; a longer text counts as one that may hold a secret.
LOOKED_AT = 1_000_000
#: No shape is shorter, and none without a space has a shorter longest word.
SHORTEST, LONG_WORD = 12, 14
#: Where a word begins that goes on for as long as a token does; in a longer text a plain search is faster.
_START = re.compile(r"\b(\w\w)(?=[\w.$:/+=~-]{10})")
_SHORT_TEXT = 2_000
#: kind, fixed parts (`|` between them; one must be in the text, and begins what a `\b` pattern finds), pattern.
#: A shape begins where no character of its own stands before, so that each stretch is tried once.
_SHAPES = r"""
private-key       -----BEGIN\s                 -----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY
private-key       PuTTY-User-Key-File-         PuTTY-User-Key-File-[0-9]: \S
private-key       AGE-SECRET-KEY-1             AGE-SECRET-KEY-1[A-Z0-9]{58}
private-key       BEGIN\sSSH2                  BEGIN SSH2 ENCRYPTED PRIVATE KEY
aws-key           AKIA|ASIA|ABIA|ACCA          \bA(?:KI|SI|BI|CC)A[A-Z0-9]{16}\b
aws-bedrock       ABSK                         \bABSK[A-Za-z0-9+/]{80}
github-token      ghp_|gho_|ghu_|ghs_|ghr_     \bgh[pousr]_[A-Za-z0-9]{30,255}\b
github-token      github_pat_                  \bgithub_pat_[A-Za-z0-9_]{30,255}\b
gitlab-token      glpat-|gldt-|glrt-|glcbt-|glptt-|glft-|glimt-|glagent-|gloas-|glsoat-|glffct-   \bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-[A-Za-z0-9_-]{20}
gitlab-token      GR1348941                    \bGR1348941[A-Za-z0-9_-]{20}
slack-token       xox                          \bxox[abeoprsc](?:\.xox[bp])?-[A-Za-z0-9-]{10}
slack-token       xapp-                        \bxapp-[0-9]-[A-Z0-9]{5,20}-[0-9]{5,20}-[a-z0-9]{20}
slack-webhook     hooks.slack.com/             hooks\.slack\.com/(?:services|workflows|triggers)/T?[A-Za-z0-9_]{6,24}/[A-Za-z0-9_/]{20}
discord-webhook   /api/webhooks/               discord(?:app)?\.com/api/webhooks/[0-9]{15,22}/[A-Za-z0-9_-]{50}
teams-webhook     .webhook.office.com/         \.webhook\.office\.com/webhookb2/[a-z0-9-]{36}@
google-key        AIza                         \bAIza[A-Za-z0-9_-]{35}
google-token      ya29.                        \bya29\.[A-Za-z0-9_-]{30}
google-secret     GOCSPX-                      \bGOCSPX-[A-Za-z0-9_-]{28}
google-refresh    1//0                         (?<![A-Za-z0-9_/-])1//0[A-Za-z0-9_-]{40}
stripe-key        k_live_|k_test_              (?<!\w)[srp]?k_(?:live|test)_[A-Za-z0-9]{16}
stripe-webhook    whsec_                       \bwhsec_[A-Za-z0-9+/]{24}
model-key         sk-                          \bsk-(?!(?:[a-z]{2,15}-){3})(?:ant-[a-z0-9]{3,8}-|proj-|svcacct-|admin-|or-v1-|None-)?[A-Za-z0-9_-]{20}
model-key         gsk_                         \bgsk_[A-Za-z0-9]{40}
model-key         xai-                         \bxai-[A-Za-z0-9]{60}
model-key         hf_                          \bhf_[A-Za-z]{30}
model-key         api_org_                     \bapi_org_[A-Za-z]{30}
model-key         r8_                          \br8_[A-Za-z0-9]{36}
model-key         pplx-                        \bpplx-[A-Za-z0-9]{40}
model-key         nvapi-                       \bnvapi-[A-Za-z0-9_-]{60}
model-key         tgp_v1_                      \btgp_v1_[A-Za-z0-9_-]{40}
model-key         fw_                          \bfw_[A-Za-z0-9]{24}\b
model-key         pcsk_                        \bpcsk_[A-Za-z0-9_]{40}
model-key         lsv2_                        \blsv2_(?:pt|sk)_[a-f0-9]{32}
model-key         tvly-                        \btvly-(?:dev-|prod-)?[A-Za-z0-9]{30}
model-key         fc-                          \bfc-[a-f0-9]{32}\b
npm-token         npm_                         \bnpm_[A-Za-z0-9]{36}\b
pypi-token        pypi-AgE                     \bpypi-AgE[A-Za-z0-9_-]{16}
rubygems-key      rubygems_                    \brubygems_[a-f0-9]{48}
crates-token      cio                          \bcio[A-Za-z0-9]{32}\b
nuget-key         oy2                          \boy2[a-z0-9]{43}\b
clojars-token     CLOJARS_                     \bCLOJARS_[a-z0-9]{60}
docker-token      dckr_                        \bdckr_(?:pat|oat)_[A-Za-z0-9_-]{27}
heroku-key        HRKU-                        \bHRKU-[A-Za-z0-9_-]{36}
digitalocean      do_v1_|dor_v1_|dop_v1_|doo_v1_   \bdo[opr]?_v1_[a-f0-9]{64}
fly-token         fo1_|fm1|fm2_                \b(?:fo1_[A-Za-z0-9_-]{40}|fm[12][ar]?_[A-Za-z0-9+/=]{80})
vercel-token      vcp_|vci_|vca_|vcr_|vck_     \bvc[piark]_[A-Za-z0-9]{24}
netlify-token     nfp_                         \bnfp_[A-Za-z0-9]{36}
render-key        rnd_                         \brnd_[A-Za-z0-9]{28}
cloudflare-token  v1.0-                        \bv1\.0-[a-f0-9]{24}-[a-f0-9]{140}
supabase-key      sbp_|sb_secret_              \b(?:sbp_[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{20})
planetscale       pscale_                      \bpscale_(?:pw|tkn|oauth)_[A-Za-z0-9_.-]{32}
neon-key          napi_                        \bnapi_[a-z0-9]{40}
databricks        dapi                         \bdapi[a-f0-9]{32}
vault-token       hvs.|hvb.|hvr.               \bhv[sbr]\.[A-Za-z0-9_-]{24}
terraform-token   .atlasv1.                    (?<!\w)[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60}
pulumi-token      pul-                         \bpul-[a-f0-9]{40}
doppler-token     dp.                          \bdp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{1,40}\.)?[A-Za-z0-9]{40}
infisical-token   st.                          \bst\.[a-f0-9]{24}\.[a-f0-9]{32}
onepassword       ops_eyJ                      \bops_eyJ[A-Za-z0-9+/=_-]{50}
onepassword       A3-                          \bA3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}
atlassian-token   ATATT3|ATCTT3|ATBB           \b(?:AT[AC]TT3[A-Za-z0-9_=-]{60}|ATBB[A-Za-z0-9]{32})
linear-key        lin_                         \blin_(?:api|oauth)_[A-Za-z0-9]{32}
notion-token      ntn_                         \bntn_[A-Za-z0-9]{40}
airtable-token    pat                          \bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}
asana-token       /12                          (?<!\w)[012]/12[0-9]{14}(?:/[0-9]{14,18})?:[a-f0-9]{32}
figma-token       fig                          \bfig(?:d|u|o|or|oh)_[A-Za-z0-9_-]{40}
postman-key       PMAK-                        \bPMAK-[a-f0-9]{24}-[a-f0-9]{34}
sentry-token      sntrys_|sntryu_              \bsntry[su]_[A-Za-z0-9+/=_-]{60}
grafana-token     glsa_|glc_|eyJrIjoi          \b(?:glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}|glc_[A-Za-z0-9+/=]{32}|eyJrIjoi[A-Za-z0-9+/=_-]{60})
newrelic-key      NRAK-|NRII-|NRJS-|NRRA-      \bNR(?:AK|II|JS|RA)-[A-Za-z0-9]{19}
dynatrace-token   dt0                          \bdt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}
sendgrid-key      SG.                          \bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}
mailgun-key       key-                         \bkey-[a-f0-9]{32}\b
mailchimp-key     -us                          (?<!\w)[a-f0-9]{32}-us[0-9]{1,2}\b
brevo-key         xkeysib-|xsmtpsib-           \bx(?:key|smtp)sib-[a-f0-9]{64}
resend-key        re_                          \bre_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}\b
twilio-key        SK|AC                        \b(?:SK|AC)[a-f0-9]{32}\b
telegram-token    :AA                          (?<![0-9A-Za-z])[0-9]{8,10}:AA[A-Za-z0-9_-]{33}
discord-token     .G|.X|.Y                     (?<!\w)[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}
shopify-token     shp                          \bshp(?:at|ca|pa|ss|tka)_[a-fA-F0-9]{32}
square-token      sq0|EAAA                     \b(?:sq0(?:atp|csp)-[A-Za-z0-9_-]{22}|EAAA[A-Za-z0-9_-]{60})
paypal-token      access_token$                access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{32}
plaid-token       access-                      \baccess-(?:sandbox|development|production)-[a-f0-9-]{36}
adyen-key         AQE                          \bAQE[a-z]{1,3}[A-Za-z0-9+/]{60}
facebook-token    EAA                          \bEAA[A-Za-z0-9]{80}
azure-key         AccountKey=|SharedAccessKey= \b(?:Account|SharedAccess)Key=[A-Za-z0-9+/]{40}
azure-sas         sig=                         [?&]sig=[A-Za-z0-9%+/]{40}
azure-secret      8Q~                          (?<![A-Za-z0-9_.~-])[A-Za-z0-9_.~-]{3}8Q~[A-Za-z0-9_.~-]{31}
azure-devops      AZDO                         (?<!\w)[A-Za-z0-9]{70,80}AZDO[A-Za-z0-9]{4}\b
alibaba-key       LTAI                         \bLTAI[A-Za-z0-9]{12,24}\b
tencent-key       AKID                         \bAKID[A-Za-z0-9]{32}\b
yandex-key        AQVN|t1.|y0_                 \b(?:AQVN[A-Za-z0-9_-]{35}|t1\.[A-Z0-9a-z_-]{20,}={0,2}\.[A-Za-z0-9_-]{60}|y0_[A-Za-z0-9_-]{50})
ibm-key           ApiKey-                      \bApiKey-[a-f0-9-]{36}
confluent-key     cflt                         \bcflt[A-Za-z0-9+/]{60}
buildkite-token   bkua_|bkct_                  \bbk(?:ua|ct)_[A-Za-z0-9]{40}
circleci-token    CCIPAT_|CCIPRJ_              \bCCIP(?:AT|RJ)_[A-Za-z0-9]{16,24}_[a-f0-9]{40}
sonar-token       sqp_|squ_|sqa_               \bsq[pua]_[a-f0-9]{40}
snyk-token        snyk_                        \bsnyk_(?:uat|sat)\.[a-f0-9]{8}\.
artifactory-key   AKCp|cmVmdGtu                \b(?:AKCp[A-Za-z0-9]{60}|cmVmdGtu[A-Za-z0-9]{50})
tailscale-key     tskey-                       \btskey-[a-z]{3,12}-[A-Za-z0-9]{5,30}-[A-Za-z0-9]{20}
typeform-token    tfp_                         \btfp_[A-Za-z0-9_.-]{44}
frameio-token     fio-u-                       \bfio-u-[A-Za-z0-9_-]{60}
duffel-token      duffel_                      \bduffel_(?:test|live)_[A-Za-z0-9_-]{40}
easypost-key      EZAK|EZTK                    \bEZ[AT]K[A-Za-z0-9]{54}
shippo-token      shippo_                      \bshippo_(?:live|test)_[a-f0-9]{40}
readme-key        rdme_                        \brdme_[a-z0-9]{60}
contentful        CFPAT-                       \bCFPAT-[A-Za-z0-9_-]{43}
launchdarkly      api-|sdk-|mob-               \b(?:api|sdk|mob)-[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[a-f0-9]{4}-[a-f0-9]{12}
flutterwave       FLW                          \bFLWSECK(?:_TEST)?-[a-h0-9]{12,40}-X
razorpay-key      rzp_live_|rzp_test_          \brzp_(?:live|test)_[A-Za-z0-9]{14}
mapbox-token      sk.eyJ                       \bsk\.eyJ[A-Za-z0-9_-]{40}
web-token         eyJ                          (?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,4096}+\.eyJ[A-Za-z0-9_-]{10,4096}+\.[A-Za-z0-9_-]{10}
encrypted-token   eyJhbGciOi                   (?<![A-Za-z0-9_-])eyJhbGciOi[A-Za-z0-9_-]{10,1024}+\.[A-Za-z0-9_-]{0,2048}+\.[A-Za-z0-9_-]{10,64}+\.[A-Za-z0-9_-]{10}
url-password      ://                          [a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s/:@"'<>]{0,100}:(?!(?:\$|%s|\{|<|\*{3}|x{4}|pass(?:word)?@|password@))[^\s/@"'<>{}$]{3,200}@[a-zA-Z0-9\[]
authorization     earer\s|asic\s               (?i:authorization["']?\s?[:=]\s?["']?)(?:[Bb]earer|[Bb]asic) (?!(?:\$|<|\{|YOUR|your|xxx|XXX|\.\.\.|token))[A-Za-z0-9+/=._~-]{12}
password-hash     $2|$6$|$5$|$y$|$argon2       \$(?:2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}|[56]\$(?:rounds=[0-9]{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43}|y\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{1,30}\$[./A-Za-z0-9]{43}|argon2(?:id|i|d)\$)
recovery-words    mnemonic|seed\sphrase        (?i:mnemonic|seed phrase)["']?\s?(?:is|[:=])\s?["']?(?:[a-z]{3,8}\s){11}[a-z]{3,8}
crypto-key        xprv                         \bxprv[A-Za-z0-9]{100}
"""
#: What follows such a word: more of the name, the assignment, a quote, the value.
_VALUE = (
    r"([a-z0-9_-]{0,20})\\?[\"']?\]?(\s{0,4}(?:=>|:=|[:=])\s{0,4})\\?([\"'`]?)"
    r"([^\s\"'`,;\\]{8,256})"
)
#: Words that name a credential.
_WORDS = (
    "password passwort passwd passphrase pwd secret api_key api-key apikey access_key access-key accesskey auth_token "
    "auth-token authtoken access_token access-token accesstoken private_key private-key privatekey credential "
    "refresh_token refreshtoken session_token sessiontoken bearer_token bot_token signing_key encryption_key "
    "master_key account_key contrasena motdepasse mot_de_passe senha"
).split()
#: One of these is in each of the words above; most texts hold none.
_STEMS = ("pass", "pwd", "secret", "key", "token", "credential", "contrasena", "senha")
#: Ends of names that tell of a credential and do not hold it: `secret_name`, `password_file`, `apikeyref`.
_ABOUT = re.compile(
    r".*(?:name|names|ref|refs|file|path|dir|url|uri|type|field|id|ids|hint|label|policy|length|min|max|arn|provider|"
    r"manager|store|helper|env|var|hash_algorithm|expiry|expires|expires_in|ttl|version|count|format|regex|pattern|input|error|"
    r"reset|placeholder|help|title|description|class|header|prefix|encoder|text|mode|fingerprint|rotation)s?[_-]?\Z"
)
#: Values that say that there is none, or where it is taken from.
_EMPTY = re.compile(
    r"(?:\$|\{|\(|\[|<|\*{3}|\.{3}|-{3}|_{4}|x{4}|%[a-z_({]|/(?:[\w.-]+/|[a-z]+\b)|~/|\./|none\b|null|nil\b|undefined|"
    r"your|my[_-]|an?[_-]|the[_-]|some[_-]|example|change.?me|placeholder|redacted|secret(?:s|$|[_-])|passw(?:or|0r)d|"
    r"string|required|optional|process\.env|os\.environ|getenv|test(?:ing)?(?:[_-]?(?:pass|pwd|secret|key|token|value|"
    r"user|only)|\d{0,6}\Z)|fake|dummy|sample|insert|replace|generated|sha(?:1|256|512)[:-]|vault:|ref\+|arn:|https?:|"
    r"file:|op://|\d{1,7}\Z|0{6}|12345678?9?0?\Z|abcdefg?h?\Z|foobar|lorem|deadbeef\Z|\#\{|@\{|!ref|!sub|!getatt)"
)
#: Without quotes, where a program takes a secret from and not the secret: `os.environ[…`, `config.password`.
_PART = r"(?:\.|::|->|\?\.|\.\.\.)[a-z_$]\w{0,80}"
_CODE = re.compile(
    rf"&?\*?(?:await)?[a-z_$]\w{{0,80}}(?:(?:{_PART}){{0,8}}[(\[<?!:{{|]|(?:{_PART}){{1,8}}[)\]}}?!]*\Z)"
)
#: Without quotes, a name of the program itself: a variable, a type.
_VARIABLE = re.compile(r"[a-z_]+[)\]}]{0,4}\Z")
_TYPES = re.compile(
    r"[a-z_]*(?:token|secret|password|passwd|credentials?|key|str|string|bytes?|provider|type|optional|boolean)s?[)\]}?!]{0,4}\Z"
)


@dataclass(frozen=True, slots=True)
class _Table:
    """(fixed part, kind, pattern) by what must be there before one is tried.

    Args:
        spaced: nothing.
        inner: a long word.
        begun: a long word that begins with these two characters.
    """

    spaced: tuple[tuple[str, str, str], ...]
    inner: tuple[tuple[str, str, str], ...]
    begun: Mapping[str, tuple[tuple[str, str, str], ...]]


@lru_cache(maxsize=1)
def _table() -> _Table:
    rows = [line.split(None, 2) for line in _SHAPES.strip().splitlines()]
    parts = [(part.replace(r"\s", " "), kind, text) for kind, fixed, text in rows for part in fixed.split("|")]
    begun: dict[str, tuple[tuple[str, str, str], ...]] = {}
    for one in parts:
        if one[2].startswith(r"\b"):
            begun[one[0][:2]] = (*begun.get(one[0][:2], ()), one)
    rest = [one for one in parts if not one[2].startswith(r"\b")]
    spaced = tuple(one for one in rest if " " in one[2])
    return _Table(spaced, tuple(one for one in rest if one not in spaced), begun)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@dataclass(frozen=True, slots=True)
class Shapes:
    """The detector that is always on."""

    name: str = "assent"
    version: str = "2"

    def find(self, text: str) -> Iterator[Found]:
        """Everything in the text that has the shape of a credential."""
        if len(text) < SHORTEST:
            return
        if len(text) > LOOKED_AT:
            yield Found("unread", LOOKED_AT, len(text))  # not read to the end, so not known to be harmless
            return
        for kind, pattern in _tried(text):
            for one in _compiled(pattern).finditer(text):
                yield Found(kind, *one.span())
        folded = text.lower()
        for stem in _STEMS:
            if stem in folded:
                yield from _named(folded)
                break


def _tried(text: str) -> Iterable[tuple[str, str]]:
    """Kinds and patterns whose fixed part is in the text: mostly none."""
    table = _table()
    wanted = [one for one in table.spaced if one[0] in text]
    if max(map(len, text.split()), default=0) >= LONG_WORD:
        wanted += [one for one in table.inner if one[0] in text]
        # of a long text, a plain search for each is faster than looking at the beginning of each word
        starts = table.begun if len(text) > _SHORT_TEXT else {*_START.findall(text)} & table.begun.keys()
        wanted += [one for start in starts for one in table.begun[start] if one[0] in text]
    return dict.fromkeys((kind, pattern) for _, kind, pattern in wanted) if wanted else ()


def _named(folded: str) -> Iterator[Found]:
    """Values that an assignment calls a credential; places are those of the lower-cased text."""
    for word in _WORDS:
        if word in folded:
            for one in _compiled(re.escape(word) + _VALUE).finditer(folded):
                if not _ABOUT.match(one[1]) and _is_value(one[2], one[3], one[4]):
                    yield Found("named", *one.span(4))


def _is_value(assignment: str, quote: str, value: str) -> bool:
    """Is what stands after `password=` a password, and not where one comes from or that there is none?"""
    if _EMPTY.match(value):
        return False
    if quote:
        return True
    if _CODE.match(value) or _TYPES.match(value):
        return False
    # `password = other` is a program, `PASSWORD=other` and `password: other` are settings
    return not (_VARIABLE.match(value) and assignment != assignment.strip() and "=" in assignment)


SHAPES = Shapes()
