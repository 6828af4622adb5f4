"""Secrets in context and harmless look-alikes, generated from the public formats; no value was ever valid."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Iterator
from typing import Any

_random = random.Random(13)  # noqa: S311 - the same texts in each run
_LETTERS = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"


def _make(signs: str, length: int) -> str:
    return "".join(_random.choice(signs) for _ in range(length))


def _make_password() -> str:
    """Return a password as generators make them: letters of both cases and digits."""
    while True:
        made = _make(_LETTERS, 14)
        if any(map(str.isdigit, made)) and any(map(str.isupper, made)) and any(map(str.islower, made)):
            return made


def _make_card(prefix: str, length: int) -> str:
    digits = prefix + _make(string.digits, length - len(prefix) - 1)
    total = sum(
        sum(divmod(int(digit) * 2, 10)) if at % 2 == 0 else int(digit) for at, digit in enumerate(reversed(digits))
    )
    return digits + str(-total % 10)


def _make_iban(country: str, account: str) -> str:
    number = int("".join(str(int(sign, 36)) for sign in account + country + "00"))
    return f"{country}{98 - number % 97:02}{account}"


def _make_jwt() -> str:
    parts = [base64.urlsafe_b64encode(text).rstrip(b"=").decode() for text in (b'{"alg":"ES256"}', b'{"sub":"17"}')]
    return ".".join([*parts, _make(_LETTERS + "-_", 43)])


def _make_pem(kind: str, between: str) -> tuple[str, list[str]]:
    lines = [_make(_LETTERS + "+/", 64) for _ in range(3)]
    return f"-----BEGIN {kind}-----{between}{between.join(lines)}{between}-----END {kind}-----", lines


def _group(digits: str, sign: str) -> str:
    return sign.join(digits[at : at + 4] for at in range(0, len(digits), 4))


# In each text `{}` is the secret: a password of 14 letters and digits.
_WITH_PASSWORDS = r"""
user ada logs in with passwd={} now
smtp: PASSWORD={} rejected by relay
bind dn=cn=app,dc=example password:{}
new password: {} for account 17
the passphrase is {}, keep it safe
your temporary password is {}.
password for ada was set to {}
secret -> {}
api key: {}
API key is {}
access key => {}
private key = {}
login(user='ada', pwd='{}')
ftp_pass = "{}"
db_password:'{}'
token='{}' refused
retry with client_secret={}, grant=refresh
env: {{DB_PASS: {}, DB_USER: app}}
Authorization=Basic {}
X-Api-Key: {}
X-Auth-Token: {}
Proxy-Authorization: Basic {}
authorization: Custom {}
"x-amz-security-token": "{}"
{{"login": "ada", "passphrase": "{}"}}
{{"auth": {{"clientSecret": "{}", "id": 4}}}}
{{'refresh_token': '{}', 'scope': 'all'}}
{{"body": "{{\"secret\": \"{}\"}}"}}
{{"a": "{{\\\"b\\\": \\\"{{\\\\\\\"password\\\\\\\": \\\\\\\"{}\\\\\\\"}}\\\"}}"}}
username=ada&passwd={}&next=/home
user[name]=ada&user[password]={}&x=1
account%5Bpassword%5D={}&go=1
token%3D{}%26page%3D2
GET /x?next=%2Fcb%3Fapi_key%3D{} HTTP/1.1
GET /v2/list?page=3&access_token={} -> 403
GET /v2/list?auth_token={}&page=3 -> 403
POST https://api.example.org/hook?secret={}#frag
https://bob:{}@git.example.org/acme/x.git
ssh://deploy:{}@host.example.org:22/srv
postgres://u:{}@10.0.0.4/db
postgresql+asyncpg://svc:{}@pg/shop?ssl=true
mongodb+srv://root:{}@cluster0.abc.example.net/admin
rediss://default:{}@cache:6380/2
redis://:{}@cache/0
amqps://celery:{}@mq.example.org//
mysql+pymysql://shop:{}@db:3306/shop
ftp://anonymous:{}@files.example.org/pub
smtp://mailer:{}@smtp.example.org:587
ldap://cn=admin:{}@ldap.example.org
sqlserver://sa:{}@sql.example.org:1433
clickhouse://default:{}@ch:9000/logs
jdbc:mysql://db/shop?user=app&password={}
jdbc:postgresql://db/shop?user=app&password={}&ssl=true
jdbc:sqlserver://sql;user=sa;password={};encrypt=true
jdbc:oracle:thin:scott/{}@db:1521/ORCL
proxy http://worker:{}@proxy.example.org:3128 refused
broken url 'postgresql//app:{}@db/shop'
Server=db;Uid=app;Pwd={};SslMode=Required
Data Source=db;User Id=sa;Password={};
DRIVER={{PostgreSQL}};UID=app;PWD={{{}}}
host=db user=app password={} sslmode=disable
host=db user=app passwrd={} sslmode=disable
org.apache.kafka.common.security.scram.ScramLoginModule required username="a" password="{}";
DefaultEndpointsProtocol=https;AccountName=x;AccountKey={}==;
Endpoint=sb://x.servicebus.windows.net/;SharedAccessKey={}=
UPDATE accounts SET passwd = '{}' WHERE id = 3
UPDATE accounts SET api_token='{}', active=1
INSERT INTO users (id, password) VALUES (7, '{}')
INSERT INTO users (password, id) VALUES ('{}', 7), ('other', 8)
INSERT INTO "keys" ("owner", "api_key", "n") VALUES (3, '{}', 1)
CREATE USER bob WITH PASSWORD '{}'
CREATE ROLE bob LOGIN ENCRYPTED PASSWORD '{}'
ALTER USER 'bob'@'%' IDENTIFIED BY '{}'
CREATE USER bob IDENTIFIED WITH mysql_native_password BY '{}'
SET PASSWORD FOR 'bob' = '{}'
CREATE LOGIN bob WITH PASSWORD = '{}'
SELECT pgp_sym_encrypt('card', '{}')
SELECT AES_DECRYPT(card, '{}') FROM t
SELECT crypt('{}', gen_salt('bf'))
SELECT 1 FROM clients WHERE client_secret IN ('{}')
SELECT 1 FROM clients WHERE token LIKE '{}%'
SELECT 1 FROM clients WHERE '{}' = api_key
UPDATE u SET password = $${}$$ WHERE id = 4
[SQL: UPDATE u SET password=%(password)s WHERE id=%(id)s] [parameters: {{'password': '{}', 'id': 3}}]
[SQL: INSERT INTO u (name, password) VALUES (?, ?)] [parameters: ('ada', '{}')]
AUTH {}
AUTH worker {}
HELLO 3 AUTH worker {}
CONFIG SET requirepass {}
ACL SETUSER worker on >{} ~*
run: tool --password {} --verbose
run: tool --password={} --verbose
run: tool --api-key '{}' x
run: tool --client-secret "{}" x
sshpass -p {} ssh host
mysql -u root -p{} shop
docker login -u ci -p {} registry.example.org
redis-cli -h cache -a {} ping
curl -u ada:{} https://example.org/
curl --user ada:{} https://example.org/
ldapsearch -x -D cn=admin -w {} -b dc=example
MYSQL_PWD={} mysqldump shop
GITHUB_TOKEN={} gh pr list
export SECRET_KEY={}
aws configure set aws_secret_access_key {}x9A
machine git.example.org login ada password {}
machine git.example.org
  login ada
  password {}
cache.internal:6379:0:app:{}
//registry.npmjs.org/:_authToken={}
<user><name>ada</name><password>{}</password></user>
<ns:Password Type="Text">{}</ns:Password>
<apiKey><![CDATA[{}]]></apiKey>
<add name="SmtpPassword" value="{}"/>
<property name="hibernate.connection.password">{}</property>
<input type="hidden" name="csrf_token" value="{}">
Config(host='db', secret_key='{}', debug=False)
Settings(password=SecretStr('{}'))
bad item ('api_key', '{}')
headers: [('Accept', '*/*'), ('X-Auth-Token', '{}')]
headers: {{b'authorization': b'Bearer {}'}}
argv ['tool', '--token', '{}', 'x']
environ({{'HOME': '/', 'DB_PASSWORD': '{}'}})
<QueryDict: {{'password': ['{}'], 'next': ['/']}}>
os.environ['DB_PASSWORD'] = '{}'
settings["SECRET_KEY"] = "{}"
Cookie: sid={}; theme=dark
Cookie: theme={}
Set-Cookie: auth={}; Path=/; HttpOnly
cookies: connect.sid={}; lang=de
https://old.example.org/app;jsessionid={}?page=2
PHPSESSID={}
session_id={} expired
Authorization: Digest username="ada", realm="x", nonce="abc", response="{}"
Authorization: OAuth oauth_consumer_key="a", oauth_signature="{}"
[input_value={{'name': 'x', 'secret': '{}'}}, input_type=dict]
Max retries exceeded with url: /v1/x?q=1&apikey={} (Caused by X)
- name: DB_PASSWORD
  value: {}
https://u:p@ss/{}@host.example.com/x
mysql://root:a@b{}@db/shop
https://acme.blob.core.windows.net/c/b?sv=2020&sig={}%2Fabc%3D&se=2026
GET /cb#id_token={}&state=1
x?next=https%253A%252F%252Fa%253Faccess_token%253D{}%2526a%253D1
SELECT 1 /* token={} */ FROM t
[(b'authorization', b'Bearer {}'), (b'accept', b'*/*')]
mysql -uroot -p{} shop
curl --header "X-Api-Key: {}" https://a.example
curl -H "PRIVATE-TOKEN: {}" https://a
docker run -e DB_PASSWORD={} app
docker run --env=DB_PASSWORD={} app
<login user="bob" password="{}"/>
<wsse:Password Type="http://docs.oasis-open.org/#PasswordText">{}</wsse:Password>
{{"auths": {{"r.example.com": {{"auth": "{}"}}}}}}
<Cookie sessionid={} for example.com/>
<RequestsCookieJar[<Cookie PHPSESSID={} for x/>]>
(1062, "Duplicate entry '{}' for key 'users.api_token'")
Server=x;Password="{};b";Encrypt=yes
Server=x;Password='a;{}';
ASP.NET_SessionId={}; path=/
Cookie: a=1; remember_me={}
cookie: {{"a": "{}"}}
cookies={{'sid': '{}'}}
user 'bob' password '{}' rejected
credentials bob:{} were refused
credentials: bob:{}
auth=("bob", "{}")
auth=HTTPBasicAuth('bob', '{}')
secret key is {}
token {} has expired
using token {}
api_key {} is over quota
password = {}
password : {}
"password" : "{}"
'password' => '{}'
:password => "{}"
password: "{}"
password={}&x=1
?password={}
password%3D{}
password=b'{}'
password: b'{}'
password=\"{}\"
{{'a': "{{'password': '{}'}}"}}
{{\"token\":\"{}\"}}
password:= "{}"
(password {})
[password={}]
<password={}>
Namespace(user="bob", password="{}", n=1)
namespace(token='{}')
Row(id=1, secret='{}')
SimpleCookie: <SimpleCookie: sid='{}'>
<Morsel: sid={}; Path=/>
http.cookies: sid={}
kubectl create secret generic db --from-literal=password={}
openssl enc -pass pass:{}
PGPASSWORD="{}" psql
env PGPASSWORD='{}' psql
export TOKEN="{}"
set PASSWORD={}
$env:TOKEN = "{}"
git remote add o https://oauth2:{}@gitlab.example/x.git
ansible -e ansible_password={}
gh auth login --with-token {}
aws_secret_access_key = {}
aws_session_token={}
index-url = https://bob:{}@pypi.example/simple
_auth={}
_password = {}
spring.datasource.password={}
db.password={}
DATABASE_URL=postgres://u:{}@h/d
db: {{password: {}, user: x}}
SELECT * FROM t WHERE password="{}"
SELECT * FROM t WHERE t.password='{}'
SELECT * FROM t WHERE "t"."token" = '{}'
SELECT * FROM t WHERE `token`='{}'
WHERE token IN ('a', '{}')
WHERE lower(token) = '{}'
WHERE token = E'{}'
WHERE token=N'{}'
WHERE token <> '{}'
WHERE token = '{}'::text
UPDATE t SET a=1,token='{}',b=2
INSERT INTO users VALUES (1, 'bob', password('{}'))
INSERT INTO t SET password='{}'
INSERT INTO t(a,token)VALUES(1,'{}')
INSERT INTO users (id, password) SELECT 7, '{}'
INSERT INTO users (password, id) SELECT '{}', id FROM old
INSERT INTO t (id, token) VALUES ROW(1,'x'), ROW(2,'{}')
SELECT 1 FROM u WHERE (name, password) = ('ada', '{}')
SELECT 1 FROM u WHERE (name, password) IN (('ada', 'x'), ('bob', '{}'))
UPDATE u SET (name, password) = ('ada', '{}') WHERE id = 3
SELECT 1 FROM u WHERE password BETWEEN 'a' AND '{}'
SELECT 1 FROM u WHERE token NOT IN ('{}')
SELECT 1 FROM u WHERE u.token SIMILAR TO '{}'
SELECT 1 FROM u WHERE token IS DISTINCT FROM '{}'
SELECT 1 FROM u WHERE token >= '{}'
SELECT 1 FROM u WHERE COALESCE(token, '') = '{}'
SELECT 1 FROM u WHERE token = ANY(ARRAY['x', '{}'])
SELECT '{}' AS password
CALL set_password('ada', '{}')
INSERT INTO t (a, token) VALUES (1, 'x'), (2, '{}')
CREATE USER a PASSWORD '{}'
ALTER ROLE a PASSWORD '{}'
GRANT ALL ON *.* TO a IDENTIFIED BY '{}'
CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'a', password '{}')
COPY t FROM 's3://x' CREDENTIALS 'aws_secret_access_key={}'
SET app.token = '{}'
execute: SELECT 1 WHERE password = $1; parameters: $1 = '{}'
MIGRATE h 6379 k 0 5000 AUTH {}
HSET user:1 password {}
HMSET user:1 name bob password {}
X-Vault-Token: {}
Private-Token: {}
X-CSRFToken: {}
Ocp-Apim-Subscription-Key: {}
apikey: {}
Api-Key {}
x-goog-api-key: {}
X-Amz-Signature={}
WWW-Authenticate: Digest nonce="{}"
Authorization: bearer {}
Authorization: Basic {}==
authorization => {}
'Authorization': 'token {}'
"Authorization": ["Bearer {}"]
HTTP_AUTHORIZATION=Bearer {}
'HTTP_COOKIE': 'a={}'
http.request.header.authorization=["Bearer {}"]
"""

_WITH_LINES = (
    "server:\n  port: 80\n  password: {}\n  user: x",
    "server:\n  token: '{}'\n  user: x",
    "[smtp]\nuser = x\npassword = {}\nport = 25",
    "DEBUG=1\nAPI_SECRET={}\nPORT=1",
    "kind: Secret\nmetadata:\n  name: x\ndata:\n  plain: {}\n",
    "users:\n- user:\n    client-key-data: {}\n",
    "a: 1\npassword: |\n  {}\nb: 2",
)


def _iterate_tokens() -> Iterator[tuple[str, str]]:
    any_, hexadecimal, upper = _LETTERS, _HEX, string.ascii_uppercase + string.digits
    yield from (
        ("aws", "AKIA" + _make(upper, 16)),
        ("aws", "ASIA" + _make(upper, 16)),
        *(("github", f"gh{kind}_" + _make(any_, 36)) for kind in "pousr"),
        ("github", f"github_pat_{_make(any_, 22)}_{_make(any_, 59)}"),
        ("gitlab", "glpat-" + _make(any_ + "-_", 20)),
        ("gitlab", "glrt-" + _make(any_ + "-_", 20)),
        ("slack", f"xoxp-{_make('123', 12)}-{_make('123', 12)}-{_make(any_, 24)}"),
        ("slack", f"xapp-1-A{_make(upper, 10)}-{_make('123', 13)}-{_make(hexadecimal, 64)}"),
        ("stripe", "sk_live_" + _make(any_, 24)),
        ("stripe", "whsec_" + _make(any_, 32)),
        ("openai", f"sk-{_make(any_, 20)}T3BlbkFJ{_make(any_, 20)}"),
        ("anthropic", f"sk-ant-api03-{_make(any_ + '-_', 93)}AA"),
        ("groq", "gsk_" + _make(any_, 52)),
        ("hugging face", "hf_" + _make(string.ascii_letters, 34)),
        ("npm", "npm_" + _make(any_, 36)),
        ("pypi", "pypi-AgEIcHlwaS5vcmc" + _make(any_ + "-_", 70)),
        ("google", "AIza" + _make(any_ + "-_", 35)),
        ("google", "ya29." + _make(any_ + "-_", 60)),
        ("google", "GOCSPX-" + _make(any_ + "-_", 28)),
        ("vault", "hvs." + _make(any_, 90)),
        ("terraform", f"{_make(any_, 14)}.atlasv1.{_make(any_, 67)}"),
        ("sendgrid", f"SG.{_make(any_, 22)}.{_make(any_, 43)}"),
        ("telegram", f"{_make('123', 9)}:AA{_make(any_, 33)}"),
        ("digitalocean", "dop_v1_" + _make(hexadecimal, 64)),
        ("databricks", "dapi" + _make(hexadecimal, 32)),
        ("shopify", "shpat_" + _make(hexadecimal, 32)),
        ("grafana", f"glsa_{_make(any_, 32)}_{_make(hexadecimal, 8)}"),
        ("linear", "lin_api_" + _make(any_, 40)),
        ("postman", f"PMAK-{_make(hexadecimal, 24)}-{_make(hexadecimal, 34)}"),
        ("rubygems", "rubygems_" + _make(hexadecimal, 48)),
        ("docker", "dckr_pat_" + _make(any_ + "-_", 27)),
        ("twilio", "SK" + _make(hexadecimal, 32)),
        ("discord", f"MTA{_make(any_, 21)}.{_make(any_, 6)}.{_make(any_, 38)}"),
        ("elevenlabs", "sk_" + _make(hexadecimal, 48)),
        ("pinecone", f"pcsk_{_make(any_, 6)}_{_make(any_, 63)}"),
        ("nvidia", "nvapi-" + _make(any_, 64)),
        ("resend", f"re_{_make(any_, 8)}_{_make(any_, 24)}"),
        ("hubspot", "pat-na1-6713ac59-78e7-4c8c-929a-10e5381ad120"),
        ("bitbucket", "ATBB" + _make(any_, 32)),
        ("circleci", f"CCIPAT_{_make(any_, 22)}_{_make(hexadecimal, 40)}"),
        ("dropbox", "sl." + _make(any_, 130)),
        ("facebook", "EAAG" + _make(any_, 120)),
        ("openshift", "sha256~" + _make(any_, 43)),
        ("contentful", "CFPAT-" + _make(any_, 43)),
        ("werkzeug", f"scrypt:32768:8:1${_make(any_, 16)}${_make(hexadecimal, 128)}"),
        ("htpasswd", f"$apr1${_make(any_, 8)}${_make(any_, 22)}"),
        ("new relic", "NRAK-" + _make(upper, 27)),
        ("square", "sq0atp-" + _make(any_, 22)),
        ("jwt", _make_jwt()),
        ("bcrypt", "$2b$12$" + _make("./" + any_, 53)),
        ("argon2", f"$argon2id$v=19$m=65536,t=3,p=4${_make(any_, 22)}${_make(any_, 43)}"),
        ("pbkdf2", f"pbkdf2_sha256$600000${_make(any_, 22)}${_make(any_, 43)}="),
    )


def iterate_secrets() -> Iterator[tuple[str, str, list[str]]]:
    """Iterate over texts with a secret in them, each with its kind and what must be gone."""
    yield from _iterate_named()
    yield from _iterate_keys()
    yield from _iterate_numbers()
    yield from _iterate_paths()


def _iterate_named() -> Iterator[tuple[str, str, list[str]]]:
    for template in filter(None, _WITH_PASSWORDS.replace("\n  ", "\0").split("\n")):
        secret = _make_password()
        yield "name", template.replace("\0", "\n  ").format(secret), [secret]
    for template in _WITH_LINES:
        secret = _make_password()
        yield "lines", template.format(secret), [secret]
    for kind, token in _iterate_tokens():
        yield "token", f"the {kind} client was made with {token} today", [token]


def _iterate_keys() -> Iterator[tuple[str, str, list[str]]]:
    for kind in ("RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"):
        for between in ("\n", "\\n", " "):
            text, lines = _make_pem(kind, between)
            yield "pem", f"loaded {text} from disk", lines


def _iterate_numbers() -> Iterator[tuple[str, str, list[str]]]:
    for prefix, length in (("4", 16), ("51", 16), ("2221", 16), ("37", 15), ("6011", 16), ("3530", 16), ("62", 16)):
        card = _make_card(prefix, length)
        yield "card", f"paid by {card}, thanks", [card]
        if length == len("4111111111111111"):
            yield "card", f"paid by {_group(card, ' ')}, thanks", [_group(card, " ")]
            yield "card", f"paid by {_group(card, '-')}, thanks", [_group(card, "-")]
    for country, account in (
        ("DE", _make(string.digits, 18)),
        ("FR", _make(string.digits, 23)),
        ("GB", "NWBK" + _make(string.digits, 14)),
        ("NL", "ABNA" + _make(string.digits, 10)),
    ):
        iban = _make_iban(country, account)
        yield "iban", f"transfer to {iban} is booked", [iban]
        yield "iban", f"transfer to {_group(iban, ' ')} is booked", [_group(iban, " ")]
    for code in ("482913", "7301", "119 204"):
        yield "code", f"the verification code is {code}", [code]
        yield "code", f"one-time password {code} was sent to ada", [code]


def _iterate_paths() -> Iterator[tuple[str, str, list[str]]]:
    for path in (
        "https://hooks.slack.com/services/T0AB12CD3/B0AB12CD3/{}",
        "https://discord.com/api/webhooks/123456789012345678/{}",
        "https://api.telegram.org/bot{}/sendMessage",
        "GET /accounts/password/reset/MQ/cx3abc-{}/ -> 200",
        "https://app.example.org/magic-link/{}",
        "https://chat.example.org/hooks/{}",
        "https://events.pagerduty.com/integration/{}/enqueue",
        "https://app.example.org/invite/{}?lang=de",
    ):
        secret = _make(string.ascii_lowercase + string.digits, 32) + "7"
        yield "path", path.format(secret), [secret]


def iterate_secret_data() -> Iterator[tuple[dict[str, Any], str]]:
    """Iterate over data with a secret in it, each with what must be gone."""
    for key in (
        *("password", "userPassword", "PASSWORD", "db-password", "pass", "pwd", "pw", "passphrase", "SECRET", "apiKey"),
        *("api_key", "X-Api-Key", "access.key", "privateKey", "signing_key", "authToken", "AUTH_TOKEN", "accessToken"),
        *(
            "refresh-token",
            "id_token",
            "csrftoken",
            "XSRF-TOKEN",
            "sessionid",
            "session_key",
            "JSESSIONID",
            "PHPSESSID",
        ),
        *("Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "credentials", "creds", "client_secret"),
        *("http.request.header.authorization", "http.request.header.x_api_key", "connect.sid", "auth", "jwt"),
        *("password_hash", "password2", "newPassword", "AWS_SECRET_ACCESS_KEY", "secretId", "licenseKey"),
    ):
        secret = _make_password()
        yield {"user": "ada", key: secret}, secret
    for key in ("otp", "pin", "cvv", "verification_code", "security-code"):
        secret = _make("123456789", 6)
        yield {"user": "ada", key: secret}, secret
    nested = _make_password()
    yield {"a": [{"b": {"headers": [["Accept", "*/*"], ["X-Auth-Token", nested]]}}]}, nested
    yield {"form": {"password": [nested, nested]}}, nested
    yield {"argv": ["tool", "--client-secret", nested]}, nested
    yield {"argv": ["mysql", "-u", "root", "-p", nested]}, nested
    yield {"argv": ["curl", "-u", f"ada:{nested}"]}, nested
    yield {"env": [{"name": "DB_PASSWORD", "value": nested}]}, nested
    yield {f"login password={nested}": 1}, nested
    yield from _iterate_more_data()


def _iterate_more_data() -> Iterator[tuple[dict[str, Any], str]]:
    long = _make(_LETTERS, 39) + "7"
    for data in (
        {"query": {"code": long}},
        {"env": [{"Name": "API_TOKEN", "Value": long}]},
        {"env": [{"key": "API_TOKEN", "val": long}]},
        {"argv": ["mysql", "-u", "root", f"-p{long}"]},
        {"argv": ["htpasswd", "-b", "users", "bob", long]},
        {"argv": ["docker", "run", "-e", f"DB_PASSWORD={long}"]},
        {"cookies": [{"name": "sid", "value": long}]},
        {"headers": f"Authorization: Bearer {long}\r\nAccept: */*"},
        {"auth": ("bob", long)},
        {"GITHUB_PAT": long},
        {"tokens": {"a": long}},
        {"secrets": {"db": long}},
        {"dbpw": long},
        {"password": {"new": long}},
        {"password": ["a", {"x": long}]},
    ):
        yield data, long
    words = "army van defense carry jealous true garbage claim"
    yield {"seed_phrase": words}, words
    yield {"card_number": int(card := _make_card("4", 16))}, card


# Values of these become `?`, unless the user keeps them, and none is a secret.
HARMLESS_STATEMENTS = r"""
INSERT INTO users (name, password) VALUES ('ada', NULL)
INSERT INTO audit (id, at) SELECT id, 'now' FROM tokens
SELECT 1 FROM orders WHERE state BETWEEN 'a' AND 'f' AND token IS NULL
SELECT 1 FROM orders WHERE (name, state) IN (('ada', 'open'), ('bob', 'closed'))
SELECT token_type FROM t WHERE lang NOT IN ('de', 'fr')
SELECT 'tokens' AS name
UPDATE users SET (name, lang) = ('ada', 'de') WHERE password IS NULL
SELECT key FROM cache WHERE key = 'user:17'
SELECT 1 FROM t WHERE code = 'DE' AND state = 'open'
""".strip().split("\n")

_HARMLESS = r"""
password changed for ada
the password must have 8 characters
Password: This field is required.
wrong password for user 17
password reset requested by ada@example.org
no token was given
token is invalid or expired
token refresh took 30 ms
invalid token: expected string
Unexpected token ',' in JSON at position 7
SyntaxError: Unexpected token: ')'
session closed: 17
session: opened for user ada by (uid=0)
secrets: 3 loaded from the vault
secret: not found
the secret garden, 2nd edition
cookies: none
cookie: refused
csrf: failed
credential: expired
api key: missing
api key is invalid
keys: 12 rotated, 0 failed
pin 13 is high
pass 2 of 3
passed 12 of 14 checks
compass heading 270
bypass enabled for route 7
auth: ok
auth=basic
auth: required
author: Ada Lovelace
authority=example.org
authenticated as ada in 3 ms
authorization: none
Authorization header is missing
bearer of good news arrived
Bearer token expected
basic authentication is disabled
signature=
signature: f(a, b=None)
code: 404
code=ECONNREFUSED errno=111
status_code=503 exit_code=1
error code 1045 at line 7
zip code 10115, area code 030
country_code=DE
key: value
key 'name' is missing
KeyError: 'password'
KeyError: 'api_key'
primary_key=17 foreign_key=4
cache_key=user:17:v2
sort_key=created_at partition_key=eu-central-1
public_key=none
keyboard layout de
monkey business
turkey=1
tokens=120 max_tokens=4096
tokens_used: 17
prompt_tokens: 12, completion_tokens: 8
num_tokens=17 token_count=17
tokenizer: cl100k_base
token_type: Bearer
token_url=https://example.org/oauth/token
password_field=email
password_min_length=12
password_expires_at=2026-05-01
reset_password=true
has_password=False
use_token=true
require_auth=true
is_secret=no
session_timeout=3600
session_cookie_age=1209600
cookie_domain=.example.org
cookie_consent=granted
csrf_exempt=true
signature_version=s3v4
secret_name=prod-db
credentials_file=/etc/app.json
token=null
token=None password=None
password=''
password=********
password: ****
password=[Filtered]
password=<hidden>
token=${TOKEN}
token={token}
password=%s
password=%(password)s
password = :password
password=$1
api_key=$API_KEY
password={{{{ vault_password }}}}
secret=xxxxxxxx
secret=REDACTED
SELECT password, token FROM users WHERE id = %s
SELECT * FROM auth_user WHERE password = ? AND is_active
UPDATE users SET password = %s, token = NULL WHERE id = %s
ALTER TABLE t ADD COLUMN api_key varchar(64)
CREATE TABLE tokens (id int, token text, key text)
CREATE INDEX i ON sessions (session_key)
INSERT INTO users (name, password) VALUES (%s, %s)
unexpected token < 'x' where a name was expected
SELECT md5(name) FROM users
SELECT count(*) FROM login_attempts WHERE secret IS NULL
GET session:?
AUTH ?
SET key:17 ?
CONFIG GET maxmemory
password = get_password()
token = request.headers["Authorization"]
token: str = field(default="")
self.password = password
def login(user: str, password: str) -> Token: ...
connect(password=settings.DB_PASSWORD)
if token != expected_token: raise
secret = os.environ["SECRET"]
api_key = config.get("api_key")
from app.auth import token, secret_key
class PasswordError(ValueError): pass
botocore.exceptions.NoCredentialsError: Unable to locate credentials
requests.exceptions.InvalidHeader: bad
oauthlib.oauth2.rfc6749.errors.TokenExpiredError: (token_expired)
CookieConflictError: There are multiple cookies
django.core.exceptions.PermissionDenied: CSRF token missing
jwt.InvalidTokenError: Not enough segments
https://example.org/password/change
https://example.org/reset/
https://example.org/auth/login?next=/home
https://example.org/oauth/authorize?response_type=code&client_id=web
https://example.org/token/refresh
https://example.org/users/17/keys?page=2
https://example.org/search?q=password+manager
https://example.org/p?id=17&code=DE&key=name
https://example.org:8443/a@b
https://example.org/~ada/@home
https://example.org/login/index.html?v=20260131
https://example.org/static/tokens.4f3a9b1c2d.js
https://example.org/share/summer-sale-2026
https://cdn.example.org/6f1ed002ab5595859014ebf0951522d9/a.png
ssh://git@github.com/acme/x.git
git@gitlab.com:acme/x.git
postgresql://localhost:5432/shop
redis://cache:6379/0
http://localhost:8000/health
s3://bucket/key/name.csv
mailto:ada@example.org
ada@example.org wrote to bob@example.org
commit 3f786850e387550fdab836ed7e6dc881de23001b
sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
etag "33a64df551425fcc55e4d42a148795d9f25f89d4"
request 0b9e6f5c-4c0f-4a3e-9c57-3f2b7b0ad4d1 is done
traceparent 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
session 0b9e6f5c-4c0f-4a3e-9c57-3f2b7b0ad4d1 closed
job 01ARZ3NDEKTSV4RRFFQ69G5FAV queued
order 4929123456789012 shipped
invoice 2026123456789012 paid
tracking 1Z999AA10123456784
phone +49 170 1234567
timestamp 1735689600123456789
EAN 4006381333931
ISBN 978-3-16-148410-0
account DE00123456789012345678
version 1.2.3-rc1+build.4711
10.0.0.7:5432 refused
2026-01-31T23:59:59.123Z started
12:30:45:app started
at 12:30:45: ready
peer [2001:db8::1]:443
run: tool --password-file /run/secrets/db
run: tool --keyboard de --author ada
run: tool --no-auth --verbose
run: tool --token-type bearer
mkdir -p /srv/app
ssh -p 2222 host
docker run -p 8080:80 -u 1000:1000 nginx
psql -h db -U shop -p 5432
cp -a src dst
tail -n 5 -f log
python -u app.py
<password/>
<label for="password">Password</label>
<input type="password" name="password" value="">
<token>None</token>
<a href="/password/reset">reset</a>
<class 'app.auth.TokenSerializer'>
<Token: 17>
<User: ada (password set)>
File "/srv/app/auth/password.py", line 7, in check_password
-----BEGIN CERTIFICATE-----
-----BEGIN PUBLIC KEY-----
the PRIVATE KEY block was not found
('password', 'token')
fields ['password', 'email'] are required
{{'password': ['This field is required.']}}
{{"password": null, "token": ""}}
{{"tokens": 15, "cookies": 2}}
sk-learn is imported
eyJ is how they begin
ghp_ is a prefix
data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ
integrity="sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC"
auth_method=password grant_type=password
tokens_per_second=12.5
passed=12 failed=0 skipped=1
session=closed
auth=ok user=bob
token: invalid
session: new
raise ValueError('password is required')
if token is None: return None
(using password: YES)
using password: NO
Access denied for user 'app'@'10.0.0.1' (using password: YES)
password authentication failed for user "app"
role "app" has no password assigned
fe_sendauth: no password supplied
the key is frozen
cache key is user-17
key is missing: 'name'
invalid key: foo
sessions: 14 active
session_count=14
cookies=3
api_keys=2 active
secrets=0
credentials=ok
csrf=valid
auth: basic
pin: 4
otp=enabled
token bucket: 15/100
token=expired
signature=invalid
signature=ok
password: incorrect
password: too short
Wrong password: try again
password_validators=4
password_hasher=argon2
AUTH_PASSWORD_VALIDATORS = []
SESSION_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS = ['https://a.example']
SECRET_KEY is not set
SECRET_KEY=
private_key_file=/etc/ssl/key.pem
ssl_key=/etc/ssl/key.pem
keyfile=/etc/a.key
key_id=abcdef12
kid: 2024-01
jwt: expired
jwt.exceptions.ExpiredSignatureError: Signature has expired
KeyError: 'token'
AttributeError: 'NoneType' object has no attribute 'token'
TypeError: login() missing 1 required positional argument: 'password'
ValidationError: {{'password': ['This password is too short. It must contain at least 8 characters.']}}
password: This password is too common.
POST /login 302 3ms
GET /api/keys/17 200
event_id=4f1c8e0b9a7d4c2e8f6a5b3d1e0c9f87
state=9f86d081884c7d659a2feaa0c55ad015
cache-control: private, max-age=3600
x-ratelimit-remaining-tokens: 1499
anthropic-ratelimit-tokens-limit: 40000
usage: {{'input_tokens': 12, 'output_tokens': 40}}
authorization_endpoint=https://a.example/authorize
token_endpoint: https://a.example/token
Basic usage: see docs
Token count: 17
bearer tokens are rotated daily
digest mismatch: expected sha256:abc
https://a.example/login?user=bob
https://a.example/verify/17
https://a.example/share/photo-of-cat.jpg
https://a.example/auth/callback
https://user@a.example/x
postgresql://app@db/shop
ssh -i ~/.ssh/id_ed25519 -p 2222 deploy@host
mysql -h db -P 3306 -u app
tar -xzf a.tgz -p
make -j4 -p
kubectl -n prod get secret db-credentials
redis-cli -p 6379 ping
order 4111 1111 1111 1112
isbn 9783161484100
4000-0000-0000-0000
sorted by key: name
foreign key: orders.customer_id
primary key (id)
UNIQUE constraint failed: users.api_token
Duplicate entry 'bob' for key 'users.name'
DETAIL:  Key (email)=(a@b.example) already exists.
DETAIL:  Key (id)=(17) already exists.
code 1045
HTTP code 502
exit code 137
country code 49
pin code area 560001 served
unit-test pass: 12
pass=true
pass: 3
compass=12
secretariat: Berlin
tokenize=True
key=lambda x: x[0]
sorted(d, key=len)
max(a, key=itemgetter(1))
key='name'
dict(key='value')
cookie=None
auth=None
auth=auth
token=token
password=self.password
password=args.password
token=os.environ['TOKEN']
api_key=API_KEY
login(username, password)
user:password
2024-01-01 12:00:00,123 INFO app:42:main:run: started
tcp:10.0.0.1:5432:db:up
host:80:a:b:c
"""


def iterate_harmless() -> Iterator[str]:
    """Iterate over texts that must stay whole."""
    yield from (text.replace("{{", "{").replace("}}", "}") for text in _HARMLESS.strip("\n").split("\n"))


HARMLESS_DATA: tuple[dict[str, Any], ...] = (
    {"pass": "12/14", "passed": 12, "pass_rate": "93 %", "pin": 17, "pins": [17, 27]},
    {"jwt": {"alg": "RS256"}, "schema": {"password": {"type": "string"}}, "auth": {"type": "oauth2"}},
    {"scopes": ["token:read", "secret:write"], "permission": "secretsmanager:GetSecretValue"},
    {"argv": ["docker", "run", "-p", "8080:80"]},
    {"argv": ["mkdir", "-p", "/srv/app"], "columns": ["id", "password", "token"]},
    {"special_tokens": {"eos_token": "</s>", "pad_token": "[PAD]"}, "stop_token": "END", "tokens": 120},
    {"secretKeyRef": {"name": "db", "key": "password"}, "secret_name": "prod/db", "credentials": "include"},
    {"code": "E1045", "id": 4111111111111112, "order": 73568960018001145},
    {"errors": {"token": "is invalid", "password": ["This field is required."]}},
    {"has_password": True, "token": None, "secret": "", "password": "***"},
    {"gen_ai.usage.input_tokens": 12, "gen_ai.request.max_tokens": 4096, "llm.token_count": 3},
    {"primary_key": 4, "cache_key": "user:17", "sort_key": "name", "idempotency_key": "order-17"},
    {"password_changed_at": "2026-01-01", "token_type": "bearer", "session_timeout": 30},
    {"cookie_count": 3, "csrf_exempt": False, "signature_version": "v4", "auth": "basic"},
    {"author": "ada", "keyboard": "de", "passenger": "bob", "monkey": "yes", "shipping": "fast"},
    {"http.status_code": 200, "code.function.name": "login", "error.code": "E17", "country_code": "DE"},
    {"path": "/srv/app/auth/tokens.py", "module": "app.auth.passwords", "digest": "sha256:9f86d081884c7d65"},
    {"id": 4929123456789012, "price": 12.5, "at": "2026-01-31"},
    {"argv": ["tool", "--env", "prod", "--author", "ada", "-p", "8080"]},
    {"errors": {"password": ["This field may not be blank."]}},
    {"fields": ["password", "token"], "pairs": [["Accept", "*/*"], ["lang", "de"]]},
)
