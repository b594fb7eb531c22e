"""Secrets that no issuer has issued, made from parts so that no scanner takes this file for a leak; and look-alikes.

`{a36}` stands for 36 random letters and digits, `h` lower-case hex, `u` capitals and digits, `l` lower-case letters,
`d` digits, `w` letters, digits, `_` and `-`, `b` base64.
"""

from __future__ import annotations

import base64
import json
import random
import re
import string
from collections.abc import Iterator

ALPHABETS = {
    "a": string.ascii_letters + string.digits,
    "b": string.ascii_letters + string.digits + "+/",
    "d": string.digits,
    "h": "0123456789abcdef",
    "l": string.ascii_lowercase,
    "u": string.ascii_uppercase + string.digits,
    "w": string.ascii_letters + string.digits + "_-",
}
#: One shape a line; `~` is dropped, so that no prefix stands here whole.
SHAPES = """
-----BEGIN ~RSA PRIVATE KEY-----
-----BEGIN ~PRIVATE KEY-----
-----BEGIN ~EC PRIVATE KEY-----
-----BEGIN ~DSA PRIVATE KEY-----
-----BEGIN ~OPENSSH PRIVATE KEY-----
-----BEGIN ~ENCRYPTED PRIVATE KEY-----
-----BEGIN ~PGP PRIVATE KEY BLOCK-----
PuTTY-User-~Key-File-3: ssh-ed25519
AGE-~SECRET-KEY-1{u58}
AK~IA{u16}
AS~IA{u16}
ABS~K{b110}
gh~p_{a36}
gh~o_{a36}
gh~u_{a36}
gh~s_{a36}
gh~r_{a36}
github~_pat_{a22}_{a59}
gl~pat-{w20}
gl~dt-{w20}
gl~rt-{w20}
gl~cbt-{w20}
gl~ptt-{h40}
GR~1348941{w20}
xo~xb-{d12}-{d12}-{a24}
xo~xp-{d12}-{d12}-{d12}-{h32}
xo~xa-2-{d12}-{d12}-{h32}
xa~pp-1-A{u10}-{d13}-{h64}
https://hooks.slack~.com/services/T{u8}/B{u8}/{a24}
https://discord~.com/api/webhooks/{d18}/{w68}
https://acme~.webhook.office.com/webhookb2/{h8}-{h4}-{h4}-{h4}-{h12}@{h8}-{h4}
AI~za{w35}
ya~29.{w60}
GOC~SPX-{w28}
sk~_live_{a24}
sk~_test_{a24}
rk~_live_{a24}
pk~_live_{a24}
wh~sec_{a32}
sk~-{a48}
sk~-proj-{w48}
sk~-ant-api03-{w93}AA
sk~-or-v1-{h64}
sk~-svcacct-{w48}
gs~k_{a52}
xa~i-{a80}
h~f_aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH
r8~_{a37}
pp~lx-{a48}
nv~api-{w64}
pc~sk_{a60}
ls~v2_pt_{h32}_{h10}
tv~ly-{a32}
npm~_{a36}
py~pi-AgEIcHlwaS5vcmc{w60}
ruby~gems_{h48}
ci~o{a32}
oy~2{l43}
CLO~JARS_{h60}
dckr~_pat_{w27}
HR~KU-{h8}-{h4}-{h4}-{h4}-{h12}
do~p_v1_{h64}
do~o_v1_{h64}
fo~1_{w43}
nf~p_{a36}
rn~d_{a32}
sb~p_{h40}
pscale~_tkn_{w43}
pscale~_pw_{w43}
nap~i_{l40}
dap~i{h32}
hv~s.{w24}
hv~b.{w100}
{a14}.atlas~v1.{w64}
pu~l-{h40}
dp~.pt.{a43}
dp~.st.prd.{a43}
op~s_eyJ{b200}
A3~-{u6}-{u6}-{u5}-{u5}-{u5}-{u5}
ATA~TT3{w180}
AT~BB{a32}
lin~_api_{a40}
nt~n_{d11}{a35}
pat{a14}.~{h64}
fig~d_{w40}
PM~AK-{h24}-{h34}
sntr~ys_eyJ{b100}
gl~sa_{a32}_{h8}
gl~c_{b64}
NR~AK-{u27}
dt~0c01.{u24}.{u64}
S~G.{w22}.{w43}
ke~y-{h32}
{h32}-~us12
xkey~sib-{h64}-{a16}
re~_{a8}_{a24}
S~K{h32}
A~C{h32}
{d10}:~AA{w33}
shp~at_{h32}
shp~ss_{h32}
sq~0atp-{w22}
sq~0csp-{w43}
access_~token$production${l16}${h32}
access-~sandbox-{h8}-{h4}-{h4}-{h4}-{h12}
EA~A{a120}
DefaultEndpointsProtocol=https;AccountName=acme;Account~Key={b86}==
Endpoint=sb://acme.servicebus.windows.net/;SharedAccess~Key={b43}=
https://acme.blob.core.windows.net/c?sv=2024-11-04&si~g={a43}%3D
LT~AI{a20}
AK~ID{a32}
AQ~VN{w38}
CCIP~AT_{a22}_{h40}
sq~p_{h40}
snyk~_uat.{h8}.{w40}
AK~Cp{a69}
ts~key-auth-{a12}CNTRL-{a32}
tf~p_{w44}
duffel~_live_{w43}
EZ~AK{a54}
shippo~_live_{h40}
CF~PAT-{w43}
FLW~SECK-{h32}-X
rz~p_live_{a14}
ey~JhbGciOiJIUzI1NiJ9.eyJ{w60}.{w43}
postgres://app:{a16}~@db.internal:5432/app
mysql://root:{a12}~@10.0.0.3/shop
redis://:{a20}~@cache:6379/0
amqp://svc:{a14}~@mq:5672
mongodb+srv://u:{a18}~@cluster0.mongodb.net
https://oauth2:{a20}~@git.example.com/x.git
Authorization: ~Bearer {a40}
Authorization: ~Basic {b24}==
"authorization": "~Bearer {a32}"
$2~b$12${a53}
$6~$rounds=5000${a16}${a86}
$argon2~id$v=19$m=65536,t=3,p=4${b22}${b43}
xpr~v9s21ZrQH143K{a100}
mnemonic: "{l5} {l6} {l4} {l5} {l6} {l4} {l5} {l6} {l4} {l5} {l6} {l4}"
pass~word = "{a14}"
PASS~WORD={a14}
DB_PASS~WORD={l12}
db_pass~wd: {a12}
"pass~word": "{a10}!"
'pass~wd' => '{a12}'
client_sec~ret={w40}
"clientSec~ret":"{w24}"
AWS_SECRET_ACCESS_KEY=aws{a37}
aws_secret_access_~key = {a40}
api_~key: {a32}
apiKey=~"{a32}"
X-API-~KEY: {a32}
SECRET_~KEY = "{a50}"
export GH_TOKEN_SEC~RET={a24}
auth_tok~en={a40}
access_~token={a40}
refresh_tok~en: "{a60}"
private_~key = "{h64}"
pass~phrase: "{l6}-{l5}-{l7}"
spring.datasource.pass~word={a12}
--pass~word={a12}
pwd={a12}~;
{"credential~": "{a24}"}
\\"pass~word\\": \\"{a12}\\"
encryption_~key={h64}
"""


def secrets(seed: int = 7) -> list[tuple[str, str]]:
    """(template, text) of each shape."""
    drawn = random.Random(seed)
    found = []
    for line in SHAPES.strip().splitlines():
        text = re.sub(
            r"\{([abdhluw])(\d+)\}",
            lambda m: "".join(drawn.choices(ALPHABETS[m[1]], k=int(m[2]))),
            line.replace("~", ""),
        )
        found.append((line, text))
    return found


CODE = """
password = os.environ["DB_PASSWORD"]
password = getpass.getpass("Password: ")
PASSWORD=${PASSWORD}
password: ${{ secrets.DB_PASSWORD }}
api_key = config.api_key
api_key=settings.OPENAI_API_KEY,
const apiKey = process.env.API_KEY;
apiKey: process.env.NEXT_PUBLIC_KEY!,
const token = await getAccessToken(session);
token: CancellationToken,
def login(self, username: str, password: str) -> None:
function reset(password: string, token: string) {
password?: string;
  password: z.string().min(8),
  password = models.CharField(max_length=128)
  password = serializers.CharField(write_only=True)
  password: Optional[SecretStr] = None
if password == confirm_password:
user.password = hashed_password
password=password,
auth_token=auth_token
secret = secrets.token_urlsafe(32)
SECRET_KEY = env("SECRET_KEY")
secret_key=None
access_key = "YOUR_ACCESS_KEY"
api_key: <your key>
api_key = "your-api-key-here"
password: "changeme"
password: "********"
password = "<password>"
password: "{{ vault_db_password }}"
password: !vault |
secretName: tls-cert-production
secretKeyRef:
secretsmanager: enabled
password_file: /run/secrets/db_password
POSTGRES_PASSWORD_FILE=/run/secrets/pg
password_reset_url = "https://example.com/reset"
passwordField = "login-password-input"
"passwordPolicy": {"minLength": 12}
type="password" name="password" id="password"
<input type="password" placeholder="Password">
label for="password">Password</label>
passwords do not match
The password must have at least 8 characters.
Forgot your password? We will send you a link.
Token-based authentication is described in section 4.
the secret: always write tests first
secret_arn: arn:aws:secretsmanager:eu-west-1:123456789012:secret:app
api_key_id = "abcd1234abcd"
publicKeyToken=b77a5c561934e089
tokenizer: cl100k_base
max_tokens: 4096000000
keyboard: qwertyuiop
monkey=chimpanzees
pwd=/home/sam/project
OLDPWD=/home/sam/project/src
passport: 'local-strategy'
compass="north-north-east"
bypass: trueorfalse
token_type = "bearer_default"
private_key_path = "~/.ssh/id_ed25519"
credential_helper = "osxkeychain"
credentials: include, same-origin
postgres://user:$PASSWORD@db/app
postgres://user:password@localhost/app
https://user:${TOKEN}@github.com/x/y
http://example.com:8080/path@v2
git@github.com:acme/app.git
ssh://git@github.com/acme/app.git
Authorization: Bearer $TOKEN
Authorization: Bearer <token>
-H "Authorization: Bearer ${API_TOKEN}"
sk-learn-contrib-library-name
sk-toggleable__content fitted
sk-estimator-doc-link-hover
data-sk-spinner-name
risk-assessment-2024-final-report
task-force-meeting-notes-of-monday
disk-usage-analyser-of-the-month
npm_lifecycle_event
pypi-publish-workflow
hf_hub_download(repo_id="bert-base")
re_compile_pattern_search(text)
key-value-store-of-the-application
dp.get_state
st.markdown("hello")
access-control-allow-origin: *
api-version=2024-05-01
sdk-version-10.0.26100
patch.object(module, "name")
AccountName=acme;EndpointSuffix=core.windows.net
SharedAccessSignature
SG.UI.Components.DataGrid
AKIA is the prefix of access keys
ghp_ tokens are classic ones
-----BEGIN CERTIFICATE-----
-----BEGIN PUBLIC KEY-----
-----BEGIN RSA PUBLIC KEY-----
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJq8
integrity="sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC"
sha512-kZdsXlNc5kGQ1ZXqkQ2WJ8n2q1YQ==
checksum: d41d8cd98f00b204e9800998ecf8427e
etag: "33a64df551425fcc55e4d42a148795d9f25f89d4"
$2 million, $5 and $6
eyJ is how a web token begins
mnemonic: helps you to remember
"""


def harmless(seed: int = 8) -> list[str]:
    """What looks like a secret to a careless detector and is none."""
    drawn = random.Random(seed)

    def some(alphabet: str, length: int) -> str:
        return "".join(drawn.choices(ALPHABETS[alphabet], k=length))

    def many() -> Iterator[str]:
        for _ in range(30):
            uuid = f"{some('h', 8)}-{some('h', 4)}-4{some('h', 3)}-a{some('h', 3)}-{some('h', 12)}"
            yield uuid
            yield f'"id": "{uuid}", "parent": "{some("h", 24)}"'
            yield f"commit {some('h', 40)}\nAuthor: A <a@example.org>"
            yield f'"integrity": "sha512-{base64.b64encode(drawn.randbytes(64)).decode()}"'
            yield f"data:image/png;base64,{base64.b64encode(drawn.randbytes(drawn.randint(200, 4000))).decode()}"
            yield f'name = "{some("l", 6)}"\nversion = "1.{some("d", 2)}"\nchecksum = "{some("h", 64)}"'
            yield f'!function(e,t){{var n=e.{some("l", 3)},r="{some("a", 6)}";return t[n]+r.token}}(window,e)'
            yield f"{some('l', 8)}.{some('h', 20)}.chunk.js"
        yield from CODE.strip("\n").splitlines()
        yield json.dumps({"tokens": [drawn.randint(0, 50_000) for _ in range(200)]})
        yield "\n".join(f"{some('h', 40)} refs/tags/v{n}" for n in range(50))

    return list(many())
