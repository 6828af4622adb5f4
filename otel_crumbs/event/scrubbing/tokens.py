"""Tokens of a known shape, whatever stands before them."""

from __future__ import annotations

import re

from .marks import Kind
from .rule import Rule
from .values import MARK

_START, _END = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
# Of the one shape whose hint stands within it.
_WITHIN = ("q~",)
# Of those that are no tokens.
_KINDS: dict[str, Kind] = {"aws": "key", "stripe": "key", "ai": "key", "google": "key", "password-hash": "password"}
_GITLEAKS = "https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml"


def make_shape_rule(name: str, reason: str, source: str, *, hints: tuple[str, ...], shape: str) -> Rule:
    """Return the rule of a token's shape, of which the part named `kept` stays."""
    expression = re.compile(f"{_START}(?:{shape}){_END}")

    def hide(found: re.Match[str]) -> str:
        return (found["kept"] or "") + MARK if "kept" in expression.groupindex else MARK

    def scrub(text: str) -> str:
        return expression.sub(hide, text)

    return Rule(
        name=name,
        kind=_KINDS.get(name, "token"),
        reason=reason,
        source=source,
        cost="scan",
        hints=hints,
        is_token=hints != _WITHIN,
        scrub=scrub,
    )


# Keys of Twilio begin with SK and a digit of base 16, tokens of Discord with digits in base 64.
_OF_TWILIO = tuple(f"sk{digit}" for digit in "0123456789abcdef")
_OF_DISCORD = tuple(
    first + third for first in ("mt", "mj", "mz", "nd", "nt", "nj", "nz", "od", "ot") for third in "aeimquycgk"
)

SHAPES: tuple[Rule, ...] = tuple(
    make_shape_rule(name, reason, source, hints=hints, shape=shape)
    for name, reason, source, hints, shape in (
        (
            "aws",
            "ids of access keys of AWS",
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids",
            ("akia", "asia", "abia", "acca", "absk"),
            r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}|ABSK[A-Za-z0-9+/]{100,280}={0,2}",
        ),
        (
            "github",
            "tokens of GitHub",
            "https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/",
            ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
            r"gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{40,255}",
        ),
        (
            "gitlab",
            "tokens of GitLab",
            "https://docs.gitlab.com/security/tokens/#token-prefixes",
            (
                "glpat-",
                "glptt-",
                "gldt-",
                "glrt-",
                "glcbt-",
                "glsoat-",
                "glft-",
                "glagent-",
                "gloas-",
                "glimt-",
                "glffct-",
                "gr1348941",
            ),
            r"gl(?:pat|ptt|dt|rt|cbt|soat|ft|agent|oas|imt|ffct)-[A-Za-z0-9_.-]{18,300}|GR1348941[A-Za-z0-9_-]{20,40}",
        ),
        (
            "slack",
            "tokens of Slack",
            "https://docs.slack.dev/authentication/tokens/",
            ("xox", "xapp-"),
            r"xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,255}|xapp-\d-[A-Za-z0-9-]{10,255}",
        ),
        (
            "stripe",
            "keys of Stripe",
            "https://docs.stripe.com/keys#obtain-api-keys",
            ("sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_", "sk_prod_", "rk_prod_"),
            r"[rs]k_(?:live|test|prod)_[A-Za-z0-9]{10,255}|whsec_[A-Za-z0-9+/=]{16,255}",
        ),
        (
            "ai",
            "keys of OpenAI, Anthropic, OpenRouter, Groq, xAI, Hugging Face, Replicate and Perplexity",
            "https://platform.openai.com/docs/api-reference/authentication",
            (
                *(
                    "sk-",
                    "gsk_",
                    "xai-",
                    "hf_",
                    "r8_",
                    "pplx-",
                    "api_org_",
                    "sk_",
                    "pcsk_",
                    "tvly-",
                    "pa-",
                    "fw_",
                    "nvapi-",
                ),
                *("csk-", "jina_", "fc-"),
            ),
            r"sk-(?=[A-Za-z_-]{0,64}\d)[A-Za-z0-9_-]{20,300}|sk-(?:ant|proj|or|svcacct|admin)-[A-Za-z0-9_-]{20,300}"
            r"|gsk_[A-Za-z0-9]{32,80}|xai-[A-Za-z0-9]{40,120}|(?:hf|api_org)_[A-Za-z0-9]{30,60}|r8_[A-Za-z0-9]{30,60}"
            r"|pplx-[A-Za-z0-9]{40,80}|sk_[0-9a-f]{48}|pcsk_[A-Za-z0-9]{4,8}_[A-Za-z0-9]{40,80}|tvly-(?:dev-|prod-)?[A-Za-z0-9]{24,40}"
            r"|pa-[A-Za-z0-9_-]{43}|fw_[A-Za-z0-9]{22,32}|nvapi-[A-Za-z0-9_-]{60,80}|csk-[a-z0-9]{40,60}|jina_[A-Za-z0-9_-]{50,80}"
            r"|fc-[0-9a-f]{32}",
        ),
        (
            "npm",
            "tokens of npm",
            "https://github.blog/2021-09-23-announcing-npms-new-access-token-format/",
            ("npm_",),
            r"npm_[A-Za-z0-9]{36}",
        ),
        (
            "pypi",
            "tokens of PyPI",
            "https://pypi.org/help/#apitoken",
            ("pypi-",),
            r"pypi-Ag[A-Za-z0-9_-]{50,1000}",
        ),
        (
            "package-index",
            "tokens of RubyGems, crates.io, NuGet, Docker Hub, Artifactory and Clojars",
            _GITLEAKS,
            ("rubygems_", "cio", "oy2", "dckr_", "akcp", "cmvmdgtuoj", "clojars_"),
            r"rubygems_[0-9a-f]{48}|cio[A-Za-z0-9]{32}|oy2[a-z0-9]{43}|dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,80}"
            r"|AKCp[A-Za-z0-9]{50,90}|cmVmdGtuOj[A-Za-z0-9+/=]{40,80}|CLOJARS_[a-z0-9]{60}",
        ),
        (
            "google",
            "keys and tokens of Google",
            "https://cloud.google.com/docs/authentication/api-keys",
            ("aiza", "ya29.", "gocspx-", "1//0", "apa91b"),
            r"AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,1000}|GOCSPX-[A-Za-z0-9_-]{20,60}|1//0[A-Za-z0-9_-]{30,200}"
            r"|[A-Za-z0-9_-]{11,24}:APA91b[A-Za-z0-9_-]{120,180}",
        ),
        (
            "azure",
            "secrets of Microsoft Entra",
            "https://learn.microsoft.com/en-us/purview/sit-defn-azure-ad-client-secret",
            _WITHIN,
            r"[A-Za-z0-9_.~-]{3}[678]Q~[A-Za-z0-9_.~-]{31,34}",
        ),
        (
            "vault",
            "tokens of HashiCorp Vault and Terraform",
            "https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes",
            ("hvs.", "hvb.", "hvr.", ".atlasv1."),
            r"hv[sbr]\.[A-Za-z0-9_-]{20,300}|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}",
        ),
        (
            "messaging",
            "tokens of SendGrid, Mailgun, Mailchimp, Twilio, Telegram and Discord",
            "https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys",
            (
                *("sg.", "key-", "-us1", "-us2", "twilio", ":aa", "discord", "xkeysib-", "xsmtpsib-", "mlsn.", "re_"),
                *(*_OF_TWILIO, *_OF_DISCORD),
            ),
            r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}|key-[0-9a-f]{32}|[0-9a-f]{32}-us\d{1,2}|SK[0-9a-f]{32}"
            r"|\d{6,12}:AA[A-Za-z0-9_-]{32,36}|[MNO][A-Za-z\d_-]{23,27}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27,40}"
            r"|x(?:keysib|smtpsib)-[0-9a-f]{64}-[A-Za-z0-9]{16}|mlsn\.[0-9a-f]{64}|re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,32}",
        ),
        (
            "payment",
            "tokens of Square, PayPal, Shopify, Adyen, Razorpay and Plaid",
            _GITLEAKS,
            (
                "sq0",
                "eaaa",
                "access_token$",
                "shpat_",
                "shpca_",
                "shppa_",
                "shpss_",
                "rzp_",
                "access-sandbox-",
                "access-production-",
                "access-development-",
                "aqe",
                *("live_", "ezak", "eztk", "flwseck"),
            ),
            r"sq0[a-z]{3}-[A-Za-z0-9_-]{22,60}|EAAA[A-Za-z0-9_-]{60}|access_token\$production\$[0-9a-z]{16}\$[0-9a-f]{32}"
            r"|shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}|rzp_(?:live|test)_[A-Za-z0-9]{14,24}"
            r"|live_[A-Za-z0-9]{30,48}|EZ[AT]K[A-Za-z0-9]{54}|FLWSECK(?:_TEST)?-[0-9a-f]{12,40}(?:-X)?"
            r"|access-(?:sandbox|development|production)-[0-9a-f-]{36}|AQE[a-z]hmfuXNWTK0Qc\+[A-Za-z0-9+/=]{40,200}",
        ),
        (
            "cloud",
            "tokens of DigitalOcean, Heroku, Fly.io, Databricks, Alibaba, Tencent, Pulumi, Doppler, Cloudflare and Netlify",
            _GITLEAKS,
            (
                "dop_v1_",
                "doo_v1_",
                "dor_v1_",
                "hrku-",
                "fo1_",
                "fm1",
                "fm2",
                "dapi",
                "ltai",
                "akid",
                "pul-",
                "dp.pt.",
                "dp.st.",
                "dp.sa.",
                "dp.ct.",
                "v1.0-",
                "nfp_",
                "vercel_",
                "sbp_",
                *(
                    "sb_secret_",
                    "vcp_",
                    "rnd_",
                    "rw_fe26",
                    "sl.",
                    "aqvn",
                    "y0_",
                    "sha256~",
                    "ico-",
                    "pnu_",
                    "s-s4t2ud-",
                ),
            ),
            r"do[opr]_v1_[a-f0-9]{64}|HRKU-[A-Za-z0-9_-]{36,70}|fo1_[A-Za-z0-9_-]{43}|fm[12][ar]?_[A-Za-z0-9+/=_-]{60,500}"
            r"|dapi[a-f0-9]{32}(?:-\d)?|LTAI[A-Za-z0-9]{16,24}|AKID[A-Za-z0-9]{32}|pul-[a-f0-9]{40}"
            r"|dp\.(?:pt|st|sa|ct|scim|audit)\.[A-Za-z0-9_.-]{40,60}|v1\.0-[a-f0-9]{24}-[a-f0-9]{146}|nfp_[A-Za-z0-9]{36,60}"
            r"|vercel_[A-Za-z0-9_]{24,60}|sbp_[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{22,48}"
            r"|vcp_[A-Za-z0-9]{24,64}|rnd_[A-Za-z0-9]{28,40}|rw_Fe26\.2\*\*[A-Za-z0-9_.*-]{40,400}|sl\.[A-Za-z0-9_-]{100,1400}"
            r"|AQVN[A-Za-z0-9_-]{35,40}|y0_[A-Za-z0-9_-]{50,80}|sha256~[A-Za-z0-9_-]{43}|ico-[A-Za-z0-9]{32}|pnu_[A-Za-z0-9]{36}"
            r"|s-s4t2ud-[0-9a-f]{64}",
        ),
        (
            "service",
            "tokens of Atlassian, Linear, Notion, Figma, Postman, Grafana, New Relic, Sentry, Datadog and others",
            _GITLEAKS,
            (
                *("atatt3", "atctt3", "lin_", "ntn_", "secret_", "figd_", "pmak-", "glsa_", "glc_", "nrak-", "nraa-"),
                *(
                    "sntry",
                    "sonar",
                    "sqp_",
                    "sqa_",
                    "squ_",
                    "ddp_",
                    "airtable",
                    "dt0c01.",
                    "ops_",
                    "phc_",
                    "phx_",
                    "age-secret-",
                ),
                *(
                    "tskey-",
                    "eaa",
                    "igqv",
                    "atbb",
                    "ccipat_",
                    "cciprj_",
                    "snyk_",
                    "pat-",
                    "pat.",
                    "eyjrijoi",
                    "nrii-",
                    "sdk-",
                ),
                *("cfpat-", "api-", "a3-", "rdme_", "tk-us-", "sm_pat_", "aio_", ":fx"),
                *("bkua_", "ccpat_", "duffel_", "pscale_", "shippo_", "sk.ey", "tfp_", "lsv2_"),
            ),
            r"AT[AC]TT3[A-Za-z0-9_=+/-]{60,300}|lin_(?:api|oauth)_[A-Za-z0-9]{32,64}|ntn_[A-Za-z0-9]{40,60}"
            r"|secret_[A-Za-z0-9]{43}|figd_[A-Za-z0-9_-]{36,50}|PMAK-[a-f0-9]{24}-[a-f0-9]{34}|glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}"
            r"|glc_[A-Za-z0-9+/=]{32,400}|NRA[AK]-[A-Z0-9]{27}|sntry[su]_[A-Za-z0-9+/=_]{40,400}|sq[pau]_[a-f0-9]{40}"
            r"|pat[A-Za-z0-9]{14}\.[a-f0-9]{64}|dt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{64}|ops_eyJ[A-Za-z0-9+/=]{200,}"
            r"|ph[cx]_[A-Za-z0-9]{40,60}|AGE-SECRET-KEY-1[A-Z0-9]{58}|tskey-[a-z]+-[A-Za-z0-9-]{16,80}|EAA[A-Z][A-Za-z0-9]{60,300}"
            r"|IGQV[A-Za-z0-9_-]{60,300}|ATBB[A-Za-z0-9]{24,40}|CCIP(?:AT|RJ)_[A-Za-z0-9]{22}_[a-f0-9]{40}|snyk_\w{3}\.[A-Za-z0-9]{8}\.[A-Za-z0-9_-]{40,80}"
            r"|pat-(?:na|eu)\d-[0-9a-f-]{36}|pat\.[A-Za-z0-9_-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}|eyJrIjoi[A-Za-z0-9]{60,400}={0,2}|NRII-[A-Za-z0-9_-]{32}"
            r"|sdk-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|CFPAT-[A-Za-z0-9_-]{43}|API-[A-Z0-9]{26}|ddp_[A-Za-z0-9]{36}"
            r"|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}|rdme_[a-z0-9]{70}|tk-us-[A-Za-z0-9_-]{48}|sm_pat_[A-Za-z0-9]{16}"
            r"|aio_[A-Za-z0-9]{28}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:fx"
            r"|bkua_[a-z0-9]{40}|CCPAT_[A-Za-z0-9_]{30,80}|duffel_(?:test|live)_[A-Za-z0-9_=-]{43}"
            r"|pscale_(?:tkn|oauth|pw)_[A-Za-z0-9_=.-]{32,64}|shippo_(?:live|test)_[a-f0-9]{40}|tfp_[A-Za-z0-9_]{40,60}"
            r"|sk\.eyJ[A-Za-z0-9_-]{60,120}\.[A-Za-z0-9_-]{20,40}|lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}",
        ),
        (
            "jwt",
            "JSON Web Tokens",
            "https://www.rfc-editor.org/rfc/rfc7519#section-3.1",
            ("eyj",),
            r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,3}",
        ),
        (
            "password-hash",
            "hashes of passwords: bcrypt, Argon2, scrypt, PBKDF2, crypt",
            "https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md",
            (
                "$2",
                "$argon2",
                "$scrypt",
                "scrypt:",
                "$5$",
                "$6$",
                "$y$",
                "$1$",
                "$apr1$",
                "{sha}",
                "{ssha}",
                "pbkdf2",
                "scram-sha-",
            ),
            r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{22,60}|\$argon2\w{1,2}\$[A-Za-z0-9$=,+/.-]{20,300}|\$scrypt\$[A-Za-z0-9$=,+/.-]{20,300}"
            r"|\{S?SHA\}[A-Za-z0-9+/=]{24,120}|\$apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}|\$[156y]\$[./A-Za-z0-9$=]{20,200}|pbkdf2_\w{1,10}\$\d{1,8}\$[A-Za-z0-9]{4,64}\$[A-Za-z0-9+/=]{20,100}"
            r"|(?:scrypt|pbkdf2):[\w:]{4,32}\$[A-Za-z0-9]{4,64}\$[0-9a-f]{40,200}"
            r"|SCRAM-SHA-256\$\d{1,6}:[A-Za-z0-9+/=$:]{40,200}",
        ),
    )
)
