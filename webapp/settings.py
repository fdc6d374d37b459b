"""Settings from typed environment variables; a malformed value stops the start with an error message."""

import sys
from datetime import timedelta
from pathlib import Path

from csp.constants import NONCE
from environs import validate

from webapp.core.celery_settings import beat_schedule, broker_options
from webapp.core.environment import (
    NO_MAIL,
    ROOT,
    cache,
    data_folder,
    database,
    env,
    former_keys,
    mail,
    metrics_token,
    secret_key,
    usable,
)
from webapp.core.logs import logging_config

at_least_0, at_least_1 = validate.Range(min=0), validate.Range(min=1)
is_rate = validate.Regexp(r"(\d+/[smhd][a-z]*)?$", error="A rate is a number a second, min, hour or day: 600/min.")

with usable():
    DATA: Path = data_folder()
    DEBUG = env.bool("DEBUG", False)
    SECRET_KEY = env.str("SECRET_KEY", "") or secret_key(DATA)
    SECRET_KEY_FALLBACKS = former_keys()
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
    CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
    HTTPS = env.bool("HTTPS", False)
    PIXELS = env.str("PIXELS", str(DATA / "pixels"))
    CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "filesystem://localhost")
    PREPARE_STATEMENTS = env.bool("PREPARE_STATEMENTS", True)  # off behind a pooler
    _database = database(has_pooler=not PREPARE_STATEMENTS)
    _connection_seconds = env.int("DATABASE_CONNECTION_SECONDS", 60, validate=at_least_0)
    WEB_STATEMENT_SECONDS = env.float("WEB_STATEMENT_SECONDS", 60, validate=at_least_0)
    WEB_LOCK_SECONDS = env.float("WEB_LOCK_SECONDS", 30, validate=at_least_0)
    WEB_STUCK_SECONDS = env.float("WEB_STUCK_SECONDS", 120, validate=at_least_1)
    WEB_THREADS = max(2, env.int("WEB_THREADS", 4, validate=at_least_1))  # long downloads leave one for everything else
    ANSWER_THREADS = env.int("ANSWER_THREADS", 2, validate=at_least_1)
    _cache = cache()
    _mail = mail()
    DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "webmaster@localhost")
    EMAIL_BACKEND = env.str("EMAIL_BACKEND", _mail["EMAIL_BACKEND"])
    SITE_URL = env.str("SITE_URL", "", validate=validate.Regexp(r"(https?://[^/]+)?$"))
    _trusted_proxies = env.int("TRUSTED_PROXIES", 0, validate=at_least_0)
    _throttle_anonymous = env.str("THROTTLE_ANONYMOUS", "600/min", validate=is_rate)
    _throttle_user = env.str("THROTTLE_USER", "6000/min", validate=is_rate)
    THROTTLE_PAGES = env.str("THROTTLE_PAGES", "600/min", validate=is_rate)
    THROTTLE_WRITES = env.str("THROTTLE_WRITES", "240/min", validate=is_rate)
    THROTTLE_DOWNLOADS = env.str("THROTTLE_DOWNLOADS", "60/min", validate=is_rate)
    THROTTLE_NEWCOMERS = env.str("THROTTLE_NEWCOMERS", "120/hour", validate=is_rate)
    SWEEP_SECONDS = env.int("SWEEP_SECONDS", 5, validate=at_least_1)
    _retrain_seconds = env.int("RETRAIN_CHECK_SECONDS", 60, validate=at_least_1)
    MFA_REQUIRED_FROM = env.str("MFA_REQUIRED_FROM", "", validate=validate.OneOf(["", "scientist", "admin"]))
    ALERT_WEBHOOK = env.str("ALERT_WEBHOOK", "", validate=validate.Regexp(r"(https?://.+)?$"))
    METRICS_TOKEN = metrics_token(DATA)
    TOKEN_DAYS = env.float("TOKEN_DAYS", 90, validate=validate.Range(min=0, min_inclusive=False))
    LEASE_FOR = timedelta(minutes=env.int("LEASE_MINUTES", 15, validate=at_least_1))
    _job_lease_seconds = env.float("JOB_LEASE_SECONDS", 30, validate=validate.Range(min=0, min_inclusive=False))
    JOB_LEASE = timedelta(seconds=_job_lease_seconds)  # a worker silent for this long loses its job
    MAX_UPLOAD = env.int("MAX_UPLOAD_MB", 2048, validate=at_least_1) * 2**20
    MIN_FREE = env.int("MIN_FREE_MB", 512, validate=at_least_0) * 2**20
    MIN_FREE_PERCENT = env.float("MIN_FREE_PERCENT", 5, validate=validate.Range(min=0, max=100))
    BACKBONE = env.str("BACKBONE", "sky", validate=validate.OneOf(["imagenet", "sky"]))
    PRIVATE_SCORERS = env.bool("PRIVATE_SCORERS", False)  # external scorers on this network, and without TLS
    REMOTE_HOSTS = env.list("REMOTE_HOSTS", ["api.fink-portal.org", "api.alerce.online", "avro.alerce.online"])
    REMOTE_ARCHIVES: list[str] = env.list("REMOTE_ARCHIVES", [])
    ORBITS = env.str("ORBITS", "")
    LOG_FORMAT = env.str("LOG_FORMAT", "line", validate=validate.OneOf(["line", "json"]))
    LOG_LEVEL = env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]))

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.orcid",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "webapp.core",
    "webapp.archive",
    "webapp.volunteers",
    "webapp.workflows",
    "webapp.classifications",
    "webapp.queue",
    "webapp.streams",
    "webapp.guides",
    "webapp.community",
    "webapp.accounts",
    "webapp.consensus",
    "webapp.quality",
    "webapp.synthetics",
    "webapp.known_objects",
    "webapp.learning",
    "webapp.linking",
    "webapp.reports",
    "webapp.retention",
    "webapp.review",
    "webapp.figures",
    "webapp.imports",
    "webapp.operations",
    "webapp.api",
    "webapp.console",
]
MIDDLEWARE = [
    "webapp.core.middleware.request_id",
    "webapp.operations.request_metrics.measure",
    "csp.middleware.CSPMiddleware",
    "webapp.core.middleware.common_headers",
    "webapp.accounts.never_stored.never_stored",
    "webapp.core.middleware.health",
    "webapp.operations.prometheus.answer_prometheus",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "webapp.core.i18n.LanguageMiddleware",
    "webapp.core.middleware.AppendSlash",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "webapp.core.page_rates.limit_pages",
    "webapp.core.middleware.UnstorableMiddleware",
    "webapp.core.middleware.method_not_allowed",
    "webapp.archive.audit.audit_outcome",
]
ROOT_URLCONF, WSGI_APPLICATION = "webapp.urls", "webapp.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "webapp.core.i18n.texts",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {
    "default": _database
    | {
        "ENGINE": "webapp.core.postgresql",
        "CONN_HEALTH_CHECKS": True,  # a connection closed by the server (a restart) is replaced
        "CONN_MAX_AGE": _connection_seconds,
        "DISABLE_SERVER_SIDE_CURSORS": not PREPARE_STATEMENTS,  # a pooler could switch connections between transactions
    }
}
CACHES = {"default": _cache}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "CommonPasswordValidator")
]
AUTH_PASSWORD_VALIDATORS.insert(1, {"NAME": "webapp.accounts.passwords.PasswordRules"})
AUTH_PASSWORD_VALIDATORS.append({"NAME": "webapp.accounts.passwords.EasilyGuessed"})
ACCOUNT_ADAPTER = "webapp.accounts.adapter.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "webapp.accounts.adapter.SocialAccountAdapter"
ACCOUNT_FORMS = {"login": "webapp.accounts.forms.SignInForm", "signup": "webapp.accounts.forms.JoinForm"}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_USERNAME_VALIDATORS = "webapp.accounts.names.USERNAME_VALIDATORS"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Wanderers] "
ACCOUNT_EMAIL_NOTIFICATIONS = True  # of a new device, password, address or factor, where the site sends mail
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # to change addresses and connected accounts, which set a new password
# Entering an e-mail address does not reveal whether it is taken; it must be confirmed by mail.
ACCOUNT_PREVENT_ENUMERATION = "strict"
# At most 100 guesses an hour at an account: 30 here and 20 by the API, each by its name and by its address.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/300s/key", "login_failed_anywhere": "30/h/key"}
ACCOUNT_RATE_LIMITS |= dict.fromkeys(["reauthenticate", "change_password"], "10/m/user,50/h/user")
# Enough for a school class behind one address; and nobody's mailbox is filled through this site.
ACCOUNT_RATE_LIMITS |= {"signup": "20/m/ip,100/h/ip", "reset_password": "20/m/ip,100/h/ip,3/m/key,10/d/key"}
ACCOUNT_RATE_LIMITS |= {"manage_email": "10/m/user,30/d/user"}
# Without mail nobody can confirm an address, and none sets a new password.
MFA_ALLOW_UNVERIFIED_EMAIL = EMAIL_BACKEND in NO_MAIL
MFA_SUPPORTED_TYPES = ["recovery_codes", "totp", "webauthn"]
ALLAUTH_TRUSTED_PROXY_COUNT = _trusted_proxies
LOGIN_REDIRECT_URL, LOGIN_URL = "/", "account_login"
EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL, EMAIL_FILE_PATH = (_mail[f"EMAIL_{name}"] for name in ("USE_TLS", "USE_SSL", "FILE_PATH"))
EMAIL_TIMEOUT = _mail["EMAIL_TIMEOUT"] or 10  # seconds: timeout for an unresponsive mail server

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "webapp.api.defaults.VolunteerTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "webapp.api.defaults.ShallowJSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "webapp.api.defaults.OwnFormat",
    "EXCEPTION_HANDLER": "webapp.api.errors.as_json",
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["webapp.api.defaults.AnonymousThrottle", "webapp.api.defaults.UserThrottle"],
    "DEFAULT_THROTTLE_RATES": {"anon": _throttle_anonymous or None, "user": _throttle_user or None},
    "NUM_PROXIES": _trusted_proxies,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Wanderers",
    "DESCRIPTION": "Volunteers and machines find moving worlds together.",
    "VERSION": "1",  # the API's, not the site's, which strangers need not know
    **dict.fromkeys(["SWAGGER_UI_DIST", "SWAGGER_UI_FAVICON_HREF", "REDOC_DIST"], "SIDECAR"),
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {"SubjectKind": "webapp.archive.models.Kind", "Preset": "webapp.learning.models.Preset"},
}

LANGUAGE_CODE, TIME_ZONE = "en", "UTC"
LANGUAGES = [("en", "English"), ("es", "Español"), ("de", "Deutsch"), ("fr", "Français")]
LANGUAGE_COOKIE_AGE, LANGUAGE_COOKIE_SAMESITE = 365 * 24 * 3600, "Lax"
LOCALE_PATHS = [ROOT / "locale", ROOT / "locale" / "libraries"]  # the site's texts, and other words for libraries'
STATIC_URL, STATIC_ROOT = "/static/", DATA / "static"
STATICFILES_DIRS = [ROOT / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "webapp.core.static_files.BokehFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or "pytest" in sys.modules
        else "webapp.core.static_files.StaticStorage"
    },
}
MEDIA_ROOT = DATA / "uploads"
FILE_UPLOAD_MAX_MEMORY_SIZE, DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 2**20, 2 * 2**20  # a form with a picture, and without
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "webapp.archive.uploads.BoundedUploadHandler",
]
DATA_UPLOAD_MAX_NUMBER_FILES = 500  # a night of images; each may be an open file

SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"  # no other host can set one that is so named
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'", NONCE],  # a nonce only where a page asks for one: Bokeh's figures
        "img-src": ["'self'", "data:", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'", "https:"],  # browsers also apply it to redirects to ORCID and OpenID Connect
    }
}

CELERY_BROKER_TRANSPORT_OPTIONS = broker_options(CELERY_BROKER_URL, DATA)
CELERY_TASK_IGNORE_RESULT = CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_TIMEOUT = 3
# Beat must go on reporting while a broker hangs; it sends again anyway.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0}
CELERY_BROKER_HEARTBEAT = 10  # seconds: RabbitMQ and workers notice a lost connection within twice as many
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_MAX_LOOP_INTERVAL = 10  # seconds between two heartbeats of beat, if nothing is due earlier
# A sweep this late counts as missing; see webapp/core/health.py.
HEARTBEAT_LATE = timedelta(seconds=max(60, 4 * SWEEP_SECONDS))
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA / "beat" / "schedule")
CELERY_BEAT_SCHEDULE = beat_schedule(sweep_seconds=SWEEP_SECONDS, retrain_seconds=_retrain_seconds)

LOGGING = logging_config(LOG_LEVEL, LOG_FORMAT)
