"""Secrets and look-alikes as files, programs and people spell them; `⏎` is the end of a line."""

from __future__ import annotations

# `¤` is a password, `§` a token of 40 letters and digits.
SPELLINGS = r"""
DATABASE_PASSWORD="¤"
export STRIPE_SECRET='¤'
SMTP_PASS=¤ # for the relay
REDIS_AUTH=§
JWT_SIGNING_KEY=§
APP_KEY=base64:§=
RAILS_MASTER_KEY=§
SENTRY_AUTH_TOKEN=§
DJANGO_SUPERUSER_PASSWORD=¤
POSTGRES_PASSWORD=¤
MYSQL_ROOT_PASSWORD=¤
config:⏎  api_key: >-⏎    §⏎  b: 1
auth:⏎  - username: bob⏎    password: '¤'
db: {user: bob, password: ¤, port: 1}
smtp:⏎  pass: "¤"⏎  port: 25
secret_key: !vault §
  client_secret: §
stringData:⏎  password: ¤
credentials:⏎  token: "§"
[database]⏎password = "¤"
api-key = '§'
db = { user = "bob", password = "¤" }
[client]⏎user=root⏎password=¤
[default]⏎aws_access_key_id = AKIAIOSFODNN7AAAAAA2⏎aws_secret_access_key = §
passwd: ¤
variable "db_password" { default = "¤" }
password = "¤"
provider "x" { token = "§" }
secret_key    = "§"
spring.mail.password=¤
javax.net.ssl.keyStorePassword=¤
server.ssl.key-store-password: ¤
app.jwtSecret=§
quarkus.datasource.password = ¤
java -Djavax.net.ssl.trustStorePassword=¤ -jar app.jar
java -Ddb.password=¤ -jar x.jar
<entry key="db.password">¤</entry>
<setting name="ApiKey" serializeAs="String"><value>§</value></setting>
<connection user="sa" pwd="¤"/>
<password>⏎  ¤⏎</password>
<server><id>x</id><username>u</username><password>¤</password></server>
<string name="api_key">§</string>
<Data Name="Password">¤</Data>
<key>apiToken</key><string>§</string>
<add key='ClientSecret' value='§'/>
<param name="password" value="¤" />
<o:Password Type='x'>¤</o:Password>
&lt;password&gt;¤&lt;/password&gt;
{"data":"{\"auth\":{\"password\":\"¤\"}}"}
{"Password":"¤"}
{"user":{"pwd":"¤","id":3}}
{"token":{"value":"§","type":"x"}}
{"api_keys":["§"]}
{"name":"password","value":"¤"}
{"key":"API_TOKEN","value":"§"}
{"Name": "DB_PASSWORD", "Value": "¤"}
{"password": {"$eq": "¤"}}
{"accessToken":"§","expiresIn":3600}
{\"password\":\"¤\"}
{"message":"login","fields":{"user":"bob","pass":"¤"}}
username=bob&password=¤%21x&submit=1
grant_type=client_credentials&client_id=x&client_secret=§
refresh_token=§&grant_type=refresh_token
j_username=bob&j_password=¤
pwd=¤&log=bob
user%5Bpassword_confirmation%5D=¤&x=1
assertion=§&grant_type=x
code_verifier=§&code=abc
login[pass]=¤
Content-Disposition: form-data; name="password"⏎⏎¤⏎--b--
------X⏎Content-Disposition: form-data; name="api_key"⏎⏎§⏎------X--
curl -X POST -d 'username=bob&password=¤' https://x.example/login
curl --data '{"password":"¤"}' https://x.example
curl -u 'bob:¤' https://x.example
curl --user=bob:¤ https://x.example
curl -ubob:¤ https://x.example
curl --oauth2-bearer § https://x.example
curl -b 'session=§' https://x.example
curl --cookie "sid=§; a=b" https://x.example
curl --proxy-user bob:¤ https://x.example
curl -x http://bob:¤@proxy:3128 https://x.example
curl --pass ¤ --cert c.pem https://x.example
curl -F password=¤ https://x.example
wget --user=bob --password=¤ https://x.example
wget --http-password ¤ https://x.example
http POST x.example/login password=¤
http -a bob:¤ x.example
http --auth-type=bearer --auth=§ x.example
http x.example X-API-Key:§
http x.example 'Authorization:Bearer §'
psql "host=db user=bob password=¤"
psql postgresql://bob:¤@db/shop -c 'select 1'
PGPASSWORD='¤' pg_dump shop
mysql -h db -u root -p¤ shop
mysql --password=¤ -u root
mysqldump -uroot -p'¤' shop
mysqladmin -u root password '¤'
mariadb -u root --password ¤
mysqlsh root:¤@db:3306
redis-cli -a ¤ ping
redis-cli --pass ¤ ping
redis-cli -u redis://:¤@cache:6379
redis-cli --user bob --pass ¤
AUTH bob ¤
requirepass ¤
masterauth ¤
docker login -u bob --password ¤ reg.example
docker login --username bob -p¤ reg.example
docker run -e POSTGRES_PASSWORD=¤ postgres
docker build --build-arg NPM_TOKEN=§ .
docker run --env "API_KEY=§" x
echo ¤ | docker login --password-stdin
ENV DB_PASSWORD ¤
ARG token=§
kubectl create secret generic x --from-literal=api-token=§
kubectl config set-credentials bob --token=§
kubectl config set-credentials bob --password=¤ --username=bob
kubectl create secret docker-registry x --docker-password=¤
kubectl --token § get pods
oc login --token=sha256~§
helm install x --set-string db.password=¤
helm install x --set 'secrets.apiKey=§'
aws configure set aws_session_token §
aws rds create-db-instance --master-user-password ¤
aws secretsmanager put-secret-value --secret-id x --secret-string ¤
aws ssm put-parameter --name x --type SecureString --value §
aws cognito-idp admin-set-user-password --password ¤
az login -u bob -p ¤
az login --service-principal -u x -p § --tenant t
gcloud auth activate-service-account --password ¤
az storage blob list --account-key §
az sql server create --admin-password ¤
ansible-playbook -e "ansible_become_pass=¤" x.yml
ansible-vault encrypt_string '¤' --name x
vault login §
vault kv put secret/x password=¤
vault write auth/userpass/login/bob password=¤
openssl rsa -passin pass:¤ -in k.pem
openssl pkcs12 -export -passout pass:¤
gpg --batch --passphrase ¤ -d x.gpg
gpg --passphrase '¤' x
smbclient //h/s -U bob%¤
mount -t cifs //h/s /m -o username=bob,password=¤
net use z: \\h\s /user:bob ¤
sqlcmd -s db -U sa -P ¤
sshpass -p¤ ssh h
sshpass -e ssh h; SSHPASS=¤
ldapsearch -D cn=a -w '¤'
rclone config create x s3 secret_access_key=§
git clone https://bob:¤@git.example/x.git
git -c http.extraHeader="Authorization: Bearer §" fetch
npm config set //registry.npmjs.org/:_authToken §
twine upload -u __token__ -p ¤ dist/*
poetry config http-basic.x bob ¤
poetry config pypi-token.pypi §
pip install --index-url https://bob:¤@pypi.example/simple x
htpasswd -b f bob ¤
useradd -p ¤ bob
echo "bob:¤" | chpasswd
net user bob ¤ /add
celery -A x --broker=amqp://bob:¤@mq// worker
mongosh -u root -p ¤ --authenticationDatabase admin
mongodump --uri="mongodb://bob:¤@db/shop"
terraform apply -var 'db_password=¤'
TF_VAR_db_password=¤ terraform apply
restic -r x --password-command "echo ¤"
gh secret set X --body §
heroku config:set SECRET_KEY=§
flyctl secrets set API_KEY=§
['mysql', '-uroot', '-p¤', 'shop']
subprocess failed: ['psql', '--password', '¤']
Command '['curl', '-u', 'bob:¤', 'https://x']' returned non-zero exit status 22.
postgres://bob:¤@db.internal/shop?sslmode=require
postgresql://db/shop?user=bob&password=¤
mysql+aiomysql://bob:¤@db/shop?charset=utf8
mssql+pyodbc://sa:¤@db/shop?driver=x
oracle+cx_oracle://scott:¤@db:1521/?service_name=x
snowflake://bob:¤@acct/db?warehouse=w
couchbase://bob:¤@h
nats://bob:¤@h:4222
mqtt://bob:¤@h:1883
kafka://bob:¤@h:9092
cassandra://bob:¤@h/ks
neo4j+s://neo4j:¤@h
imap://bob%40x.org:¤@imap.example
smtps://bob:¤@smtp.example:465
sftp://bob:¤@h/p
ws://bob:¤@h/s
socks5h://bob:¤@h:1080
elasticsearch: http://elastic:¤@es:9200
redis+sentinel://:¤@s1:26379,s2:26379/mymaster
mongodb://bob:¤@h1:27017,h2:27017/db?replicaSet=r
amqp://bob:¤@h1,amqp://bob:¤@h2
Server=db;Database=shop;User Id=bob;Password=¤;Trusted_Connection=False
Provider=SQLOLEDB;Data Source=db;User ID=sa;Password='¤'
Host=db;Username=bob;Password="¤";Database=x
user=bob password='¤' host=db
AccountEndpoint=https://x.documents.azure.com:443/;AccountKey=§==;
HostName=x.azure-devices.net;DeviceId=d;SharedAccessKey=§=
InstrumentationKey=6713ac59-78e7-4c8c-929a-10e5381ad120;ApiKey=§
BlobEndpoint=https://x.blob.core.windows.net;SharedAccessSignature=sv=2020&sig=§%3D
jdbc:sqlserver://db;user=sa;password={¤;x};encrypt=true
jdbc:oracle:thin:bob/"¤"@db:1521/x
sqlplus bob/¤@db
ldap://h bindpw=¤
Dsn=x;Uid=bob;Pwd=¤
cache,password=¤,ssl=True,abortConnect=False
tcp://:¤@h:6379
Data Source=x;Initial Catalog=y;User Id=z;Pwd="¤";
password = '¤'
    self.api_key = '§'
locals: {'user': 'bob', 'passwd': '¤'}
user='bob' pw='¤' retries=3
  File "x.py", line 3, in f⏎    connect("bob", password="¤")
args=('bob',) kwargs={'password': '¤'}
f(password='¤', **kw)
secret_bytes = b'¤'
Token(key='§', user_id=3)
<Session token=§ user=3>
<Credentials(username='bob', password='¤')>
self._token: '§'
│ password = '¤'                     │
SecretStr("¤")
X-Amz-Security-Token: §
Authorization: Bearer §
{'Authorization': 'Token §'}
X-Shopify-Access-Token: §
X-Api-Token=§
X-Hub-Signature-256: sha256=§
Cookie: _ga=GA1.2.3; sessionid=§
set-cookie: remember_token=§; path=/; secure
send: b'GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer §\r\n\r\n'
('authorization', 'Bearer §')
-h "X-Auth: §"
x-csrf-token: §
Sec-WebSocket-Protocol: bearer, §
Proxy-Authorization: Digest username="a", response="§"
"cookie": ["sid=§"]
Api-Key: §
DD-API-KEY: §
X-Vault-Token=§
Authorization=AWS AKIAIOSFODNN7AAAAAA2:§=
Authorization: SharedAccessSignature sr=x&sig=§%3d&se=1&skn=k
Authorization: Hawk id="d", ts="1", nonce="x", mac="§="
variables: {"input": {"password": "¤"}}
mutation { login(email: "a@b.c", password: "¤") { token } }
variables={'token': '§'}
mutation($p: String = "x") { setPassword(newPassword: "¤") }
password for bob is now ¤
the new secret is §
logged in with password ¤
invalid password "¤" for user bob
wrong password: ¤
created token § for bob
apikey § was revoked
api token: §
access token § expired
token=§ has expired
client secret § rotated
session id §
passphrase ¤ did not match
tried password ¤, then gave up
password ¤ rejected
bearer token §
secret key § loaded
https://x.example/a?sig=§&x=1
https://x.example/a?X-Goog-Signature=§&x=1
https://x.example/cb?code=§&state=x
https://x.example/?auth=§
https://x.example/?access-token=§
https://x.example/a?sid=§
https://x.example/#access_token=§
https://x.example/?apikey=§
https://x.example/?subscription-key=§
https://x.example/?client_secret=§&a=b
https://x.example/a;jsessionid=§
https://x.example/verify-email/§/
https://x.example/reset-password?token=§
https://§@x.example/p
https://x.example/?ticket=ST-1-§
wss://x.example/ws?token=§
/ws/?token=§ HTTP/1.1" 101
https://x.example/?api%5Fkey=§
https://x.example/?hmac=§&shop=x
https://user:pa:ss:¤@x.example/
https://x.example/?redirect=https%3A%2F%2Fbob%3A¤%40h%2F
machine x login bob password ¤
default login anonymous password ¤
db:5432:*:bob:¤
root:$6$abcdefgh$§:19000:0:99999:7:::
//npm.example/:_password=§
_auth = §==
"auth": "§="
token: §⏎server: x
password ¤
requirepass "¤"
user bob on >¤ ~* +@all
auth_basic_user bob:{SHA}§=
rpcpassword=¤
psk=¤
wpa_passphrase=¤
ERROR:root:connection to postgresql://u:¤@h/d failed
{"level":"info","msg":"connect","dsn":"mysql://u:¤@h/d"}
level=info msg="login" password=¤
level=info msg="token § refreshed"
2026-01-01 12:00:00,000 [INFO] auth: password="¤" user=bob
GET /api?access_token=§ HTTP/1.1" 200 12 "-" "curl/8"
"GET /a?sig=§ HTTP/1.1" 403
127.0.0.1 - bob [x] "GET /?token=§" 200
< Set-Cookie: sid=§; Path=/
*   Server auth using Basic with user 'bob'⏎> Authorization: Bearer §
reply: header: Set-Cookie: sid=§
header: X-Auth-Token: §
Config: {'db': {'password': '¤'}}
Settings(db=Db(password='¤'))
<Config password='¤'>
config.password: ¤
settings.API_KEY = '§'
app.config['SECRET_KEY'] = '§'
os.environ["API_TOKEN"]="§"
Environment: {'API_TOKEN': '§'}
+ export API_TOKEN=§
+ docker login -u bob -p ¤
$ mysql -uroot -p¤
# PASSWORD=¤
//registry.npmjs.org/:_authToken=§
machine github.com login bob password §
user:⏎  token: §
- name: PASSWORD⏎  value: "¤"
"password" => "¤"
:password=>"¤"
password := "¤"
let password = "¤";
var token="§"
String password = "¤";
private static final String API_KEY = "§";
define('DB_PASSWORD', '¤');
$password = '¤';
$config['password'] = '¤';
<wsse:Password>¤</wsse:Password>
password%22%3A%22¤%22
%7B%22password%22%3A%22¤%22%7D
password\u003d¤
Password (¤) is wrong
Password [¤] rejected
password <¤> rejected
user=bob,password=¤,host=h
user=bob;password=¤;host=h
user=bob|password=¤|host=h
passwordW=1&password=¤
Username: bob⏎Password: ¤
login: bob⏎password: ¤
Password: ¤
DB password = ¤ (from env)
set password ¤ for bob
reset password of bob to ¤
new-password ¤
SECRET=§
secret: '§'
my_secret_value=§
clientSecret=§
x-amz-signature=§
"signature":"§"
nonce="abc", signature="§"
oauth_token=§&oauth_token_secret=§
id_token=§
state=x&code=§&session_state=y
SAMLResponse=§
RelayState=x&SAMLResponse=§
__RequestVerificationToken=§
_csrf=§
X-XSRF-TOKEN: §
JSESSIONID=§; Path=/
laravel_session=§
ASPXAUTH=§
.AspNetCore.Cookies=§
Cookie: a=b; c=§
cookies={'c': '§'}
session cookie §
Api-Token §
PRIVATE-TOKEN: §
JOB-TOKEN: §
Deploy-Token: §
X-Gitlab-Token: §
X-Slack-Signature: v0=§
X-Plex-Token=§
X-Emby-Token: §
X-Access-Token: §
X-Session-Id: §
X-CSRF-Token: §
X-Figma-Token: §
""".strip().split("\n")

LOOK_ALIKES = r"""
request_id=6713ac59-78e7-4c8c-929a-10e5381ad120
Deployed 3f2a9bc to production
commit 8a67639f74080f56c5aa328f676226e236a23e23 (HEAD -> main)
sha256:4b16103485a1c292be01e4fc2d031c41885221c25f6aaf76fdc6c369aad6b68b
md5sum 43e451f9ab2845ad0f3d761f3d0201bf export.csv
etag=W/"509dddc3ebffc5ccd8099ee02cab83bb"
order ORD-2026-000482913 was paid
tracking number 1Z999AA10123456784
device 00:1A:2B:3C:4D:5E joined
mac=00-1a-2b-3c-4d-5e ip=10.0.0.7
span_id=cf347862554017cd trace_id=4c011f1bd38f1f34920fbd01f40072e3
correlation-id: 01HZX3V9K2M4N6P8Q0R2S4T6V8
ksuid 2Kf9RrqpWvRkLm8ZbY1cXn0aQwe
customer cus_NffrFeUfNV2Hib updated
payment intent pi_3MtwBwLkdIwHu7ix28a3tqPa succeeded
charge ch_3MmlLrLkdIwHu7ix0snN0B15 refunded
publishable key pk_test_missing
arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/db-AbCdEf
arn:aws:iam::123456789012:role/token-service
secretsmanager:GetSecretValue denied for role app
User: arn:aws:iam::123456789012:user/bob is not authorized to perform: secretsmanager:GetSecretValue
kms key arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
projects/123/secrets/db-password/versions/3
vault path secret/data/prod/db read
s3 version id 3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY
docker image app@sha256:4b16103485a1c292be01e4fc2d031c41885221c25f6aaf76fdc6c369aad6b68b
container_id=75b48e99f73f
pod auth-service-7d9f8b6c5-lrers restarted
node ip-10-0-3-17.eu-central-1.compute.internal NotReady
cache key auth:user:42:v3 expired
cache_key=token:42:7f3e
lock key 'session:lock:42' held for 3 s
redis key session:9f2c expired
kafka topic password-reset-events partition 3 offset 4829131
partition_key=tenant-42 sort_key=2026-01-31
idempotency-key: 2a848e43-dadb-46a0-8f21-d38d974ca7c5
routing_key=auth.token.created
dedupe key 5f4dcc3b5aa765d61d8327deb882cf99
fingerprint 5f4dcc3b5aa765d61d8327deb882cf99
sha1=7423fb388dfa93ee3419300aed2e779eda314554
integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==
public key ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1mD0v2YpT9mF1p bob@host
key fingerprint is SHA256:kg4y36A1R23cq25F1sV1tLyydHp7zD1niTgcElYfRhY
certificate serial 04:a3:5f:22:9b:11
kid=2011-04-29 alg=RS256
jti 6713ac59 was seen before
key_id=alias/prod-db
access key id of user bob is inactive
isbn=9783161484100
ean 4006381333931
IBAN check failed for DE00123456780000000000
card ending in 4242 declined
card **** **** **** 4242 declined
bin 424242 is from issuer X
imei 490154203237518 registered
sim iccid 89490200001234567890 active
vin WVWZZZ1JZXW000001 found
gtin 00012345600012 unknown
phone=+49 151 23456789
tel: 555-0123-4567
account 1234567890 credited
invoice 4111-2026-0001-0007 sent
max_tokens=4096 temperature=0.2
{"usage": {"prompt_tokens": 120, "completion_tokens": 87, "total_tokens": 207}}
tokens_per_second=41.5
token_limit: 8192
token count 5129 exceeds 4096
tokenizer.model_max_length = 512
pad_token_id=50256 eos_token_id=50256
"eos_token": "</s>", "bos_token": "<s>"
pad_token='[PAD]' unk_token='[UNK]'
special_tokens_map.json loaded
add_special_tokens=True
tokenizer_class=PreTrainedTokenizerFast
next token: 'the'
unexpected token 'else' at line 3
syntax error at or near token "FROM"
token_type_ids=[0, 0, 1]
ParseError: bad token ')' (line 4)
tokens: ['a', 'b', 'c']
stop_token=<|endoftext|>
num_key_value_heads=8 key_length=64
LexToken(NAME,'x',1,0)
csrf_exempt=True
csrf_protect disabled for /hook
password_changed_at=2026-01-31T10:00:00Z
password_expiry_days=90
last_password_change: 2026-01-31
password_strength=weak
password_policy=strict
min_password_length=12
must_change_password=true
password_hash_algorithm=argon2id
PASSWORD_HASHERS = ['django.contrib.auth.hashers.Argon2PasswordHasher']
AUTH_PASSWORD_VALIDATORS = []
password_set=True
password_required: yes
has_secret: no
secret_count=3
secret_version=7
secretRef: db-credentials
secretName: tls-cert
secretKeyRef.name=db
credentials_expired=False
credential_type=oauth
session_count=12
session_duration=31.2
session_engine=django.contrib.sessions.backends.db
SESSION_COOKIE_SECURE=True
SESSION_COOKIE_NAME=sessionid
CSRF_COOKIE_NAME = 'csrftoken'
CSRF_TRUSTED_ORIGINS=https://shop.example.com
auth_backend=ldap
auth_method=password
auth_type=basic
auth: disabled
authenticated=true
auth_time=1735689600
api_key_header=X-API-Key
api_key_required=false
token_endpoint=https://idp.example/oauth/token
token_expires_in=3600
token_ttl=300
expires_in=3600 token_type=Bearer scope=openid
token_valid=False
cookie_path=/ cookie_samesite=lax
cookies_enabled=1
cookie policy accepted
key_size=2048 key_type=rsa
encryption=aes-256-gcm
signature_algorithm=RS256
signing_enabled=1
pin_memory=True num_workers=4
pin=17 mode=output
pins: {17: 'led', 27: 'button'}
GPIO pin 17 set to 1
pin 4 pulled high
pinned_version=1.2.3
pass=true
pass: 12, fail: 3
passed 12 of 14
test passed=12 failed=0
pass_rate=0.93
passes=3
passport_required=yes
passenger_id=42
compass=270
bypass=1
author=Ada author_id=7
authority=idp.example
secretary=Miller
keyboard=de
monkey=1 donkey=2
otp_enabled=true
otp_length=6
mfa_required=yes
cvv_check=pass
cvc_check: unchecked
code=E1045 severity=3
exit code 137
error_code=invalid_grant
code=200 bytes=1234
zip_code=10115
verification_code_length=6
country_code=49 area_code=30
barcode 4006381333931
sid=AC gateway
signature valid
private=true
private_ip=10.0.0.7
public_key=pk.json
credentials=include
credentials: 'same-origin'
bearer=none
jwt=disabled
jwt expired
token expired
invalid credentials
invalid credentials for user bob@example.com
Authentication credentials were not provided.
Invalid password
Incorrect password for bob
Login failed: wrong password
password authentication failed for user "app"
FATAL: password authentication failed for user "bob"
fe_sendauth: no password supplied
Access denied for user 'root'@'localhost' (using password: YES)
ERROR 1045 (28000): Access denied for user 'bob'@'10.0.0.7' (using password: NO)
NOAUTH Authentication required.
WRONGPASS invalid username-password pair or user is disabled.
ERR AUTH <password> called without any password configured
The password you entered is incorrect
Please enter your password
Your password has been changed
Password must contain at least 8 characters
password does not meet requirements: too short
Enter passphrase for key '/home/app/.ssh/id_rsa':
bob@host's password:
Permission denied (publickey,password).
password for user bob expires in 12 days
token is missing
missing token in header Authorization
Invalid token header. No credentials provided.
Given token not valid for any token type
CSRF Failed: CSRF token missing or incorrect.
The access token expired on 2026-01-31
refresh token rotated for client shop
token bucket refilled: 120
token: invalid
token validation failed: signature mismatch
JWT signature verification failed
No API key found in request
Incorrect API key provided
api key limit reached
API key has no permission charges:write
secret santa 2026
the secret of success
secret not found: prod/db
secrets mounted at /run/secrets
loaded 3 secrets from vault
reading secret prod/db from vault
Secret "db-credentials" not found
MountVolume.SetUp failed for volume "creds" : secret "creds" not found
session started for ada
session id missing
session cookie expired
cookie consent given
cookie jar has 3 cookies
credential helper not found
default credentials not found
using credentials from environment
using token from keyring
using password authentication
auth succeeded in 31 ms
auth server unreachable
one-time password required
verification code expired
verification code sent to +49 151 23456789
enter the code shown on your device
code review 4829 approved
access code required
pin the version to 1.2.3
key rotated
key not found: users
private key does not match certificate
could not read private key /etc/ssl/key.pem
encryption key missing
bad decrypt
signature expired: 2026-01-31 < 2026-02-01
Basic authentication is not supported
Bearer authentication required
Bearer error="invalid_token", error_description="The access token expired"
WWW-Authenticate: Bearer realm="api"
WWW-Authenticate: Basic realm="x"
authorization: required
Authorization failed for /admin
authorization code flow started
pass the salt
pass 3 of 12 complete
passing 3 arguments
password-less login enabled
changed password hashing to argon2
rate limit: 4096 tokens left
5 failed login attempts
user changed email and password
passwords do not match
password manager detected
dictionary key 'password' is missing
KeyError: 'token'
KeyError: 'SECRET_KEY'
'NoneType' object has no attribute 'token'
ImproperlyConfigured: The SECRET_KEY setting must not be empty.
AttributeError: 'Settings' object has no attribute 'API_KEY'
TypeError: login() missing 1 required positional argument: 'password'
TypeError: connect() got an unexpected keyword argument 'password'
ValidationError: {'password': ['This field is required.']}
{"password": ["This field may not be blank."]}
{"errors": {"token": "is invalid"}}
{"detail": "Invalid token."}
{"error":"invalid_client","error_description":"Client authentication failed"}
environment variable API_KEY is not set
setting SECRET_KEY from environment
${DB_PASSWORD} is not set
password: ${DB_PASSWORD}
password=$DB_PASSWORD
password: !secret db_password
password: {{ db_password }}
password=<your password>
Authorization: Bearer <token>
Authorization: Bearer $TOKEN
Authorization: Basic <credentials>
api_key=YOUR_API_KEY
token: os.environ['TOKEN']
password=os.getenv("DB_PASSWORD")
password = input("Password: ")
password: str
password: Optional[str] = None
def set_password(self, raw_password):
self.token = token
token = self.get_token(user)
token=request.headers.get('X-Token')
if user.check_password(password):
user.set_password(form.cleaned_data["password"])
return authenticate(username=username, password=password)
secret = secrets.token_hex(32)
SECRET_KEY = env("SECRET_KEY")
from django.contrib.auth.tokens import default_token_generator
import jwt; jwt.decode(token, key, algorithms=['HS256'])
class PasswordResetTokenGenerator:
File "/usr/lib/python3.11/secrets.py", line 3, in token_hex
  File "/srv/secret-santa/app.py", line 12, in draw
/opt/token-service/current/lib/auth.py:31: DeprecationWarning
/var/run/secrets/kubernetes.io/serviceaccount/token
open('/run/secrets/db_password')
reading ~/.aws/credentials
reading /home/bob/.netrc
wrote secrets/README.md
docs/api-keys.md changed
POST /api/v1/auth/token 200 31ms
GET /password/reset 200
GET /static/token.js?v=12
GET /users/42/sessions
POST /oauth/authorize?response_type=code&client_id=shop&scope=openid
https://example.org/docs/passwords#strength
https://example.org/?q=password+manager
https://example.org/search?query=reset+token
https://example.org/?page=2&sort=key&order=asc
https://example.org/?state=open&code=DE
https://example.org/p/12?key=name
http://localhost:8000/token
redis://cache:6379/0
postgresql://db/shop
postgresql://bob@db/shop
ssh bob@host -p 2222
docker run -p 8080:80 -u 1000:1000 nginx
curl -u bob https://x.example
mysql -u root -p shop
mysql -P 3306 -h db
psql -p 5432 -U bob shop
redis-cli -p 6379 -h cache
python -m pip install -U pip
nmap -p 80 host
grep -w token file
tar -p -xf x.tar
mkdir -p /srv/app
kubectl get secret db -o yaml
kubectl create secret generic db --from-file=./password.txt
aws secretsmanager get-secret-value --secret-id prod/db
aws sts get-session-token --duration-seconds 900
vault read secret/prod/db
gcloud auth print-access-token
gh auth status
docker login --username bob --password-stdin
git credential-cache exit
openssl rand -base64 32
ssh-keygen -t ed25519 -f id_ed25519
1735689600123
4111 1111 1111 1112 is no card
5500-0000-0000-0005 x 3
ratio 3.14159265358979
pi=3.141592653589793238
0x1f4a9c3e7b2d5f60
range 4000000000000000-4999999999999999
1234567812345678 rows
uid=1000 gid=1000
ts=1735689658710298194
version 2026.01.31-482913
build 20260131.482913
python 3.12.4, openssl 3.0.13
v1.2.3-rc.1+build.5
width=1920 height=1080
lat=52.5200066 lon=13.404954
code 482913 lines changed
duration 482913 ms
pid 48291 exited with code 1
order 482913 confirmed
ticket 482913 closed
PIN count 3
data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7
JVBERi0xLjQKJcfsj6IKNSAwIG9iago8PC9MZW5ndGggNiAwIFIvRmlsdGVy
UEsDBBQAAAAIAAAAIQ
-----BEGIN CERTIFICATE-----
UPDATE users SET password = %s WHERE id = %s
SELECT key, value FROM settings WHERE key = ?
SELECT token FROM tokens WHERE user_id = $1
DELETE FROM sessions WHERE expires_at < now()
GRANT SELECT ON users TO reporting
CREATE TABLE api_keys (id serial, key_hash bytea)
ALTER TABLE users DROP COLUMN password
relation "auth_token" does not exist
column "password" of relation "users" does not exist
null value in column "token" violates not-null constraint
duplicate key value violates unique constraint "users_token_key"
SELECT is a verb, FROM a table 'x'
Please update the record set 'a' to 'b'
I will insert into the box values ('a')
User selected 'Option A' from the list (3 items)
update: set password policy to 'strict'
delete old files from 'tmp' where possible
call me (maybe) 'now'
Create user 'bob' succeeded
created table 'orders' in 3 ms
Alter ego 'x' set
exec format error: 'x'
Executing task 'send_mail' (id 'a1b2')
execute('select')
set 'a' from 'b'
copying 'a' to 'b' (3 files)
grant 'x' to 'y'
merge 'a' into 'b' done
replace 'a' with 'b' into 'c'
with x as 'y' (z)
Selecting previously unselected package 'x'.
Updating set 'x' = 'y'
deleted from cart: 'hat'
inserted into index 'orders' values (3)
select id from users
SELECT id FROM users WHERE name = %(name)s
INSERT INTO "orders" ("id", "name") VALUES (%s, %s) RETURNING "orders"."id"
UPDATE "orders" SET "state" = %s WHERE "orders"."id" = %s
BEGIN; SELECT pg_advisory_lock(%s); COMMIT;
CREATE TABLE IF NOT EXISTS "django_migrations" ("id" bigint NOT NULL PRIMARY KEY, "app" varchar(255) NOT NULL)
ALTER TABLE "a" ADD CONSTRAINT "b" FOREIGN KEY ("c") REFERENCES "d" ("id") DEFERRABLE INITIALLY DEFERRED
EXPLAIN ANALYZE SELECT * FROM orders
PRAGMA foreign_keys = ON
SET search_path TO public
SET TRANSACTION ISOLATION LEVEL READ COMMITTED
SHOW TABLES FROM shop
DROP TABLE orders
TRUNCATE orders
VACUUM ANALYZE orders
COPY orders TO STDOUT
LISTEN channel_1
relation "users" does not exist LINE 1: SELECT * FROM users
syntax error at or near "FROM" LINE 1: SELECT FROM users
near "FROM": syntax error
no such table: users
You have an error in your SQL syntax near 'FROM users' at line 1
(0.003) SELECT 1; args=(); alias=default
SELECT "a"."b" FROM "a" INNER JOIN "c" ON ("a"."id" = "c"."a_id") ORDER BY "a"."b" ASC
from x import y; x = select(y).where(y.id == 3)
db.execute(select(User))
users.update({'name': 'bob'})
{"op": "update", "set": {"a": "b"}}
{'$set': {'name': 'bob'}, 'update': True}
action="insert" into="orders"
git update-ref refs/heads/main 'x'
kubectl set image deployment/x x='y'
apt-get update && apt-get install 'x'
insert coin (1) into slot 'A'
delete key 'x' from cache
Deleting 'x' from 'y' where z
select * from x
""".strip().split("\n")
