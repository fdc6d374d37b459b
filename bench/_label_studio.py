"""Run by Label Studio's own Python: make a project with tasks and people; prints its number and their tokens.

Reads {"tasks": …, "people": …} from standard input. Label Studio comes from PyPI into an environment of its own, since
it pins other versions than we do: `python -m venv FOLDER; FOLDER/bin/pip install label-studio granian`.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path

found = importlib.util.find_spec("label_studio")
if found is None or found.origin is None:
    sys.exit("Install label-studio and granian into this environment first.")
sys.path.insert(0, str(Path(found.origin).parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.settings.label_studio")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from organizations.models import Organization  # noqa: E402
from projects.models import Project  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402
from tasks.models import Task  # noqa: E402
from users.models import User  # noqa: E402

CONFIG = """<View><Text name="name" value="$name"/><Choices name="answer" toName="name">
<Choice value="yes"/><Choice value="no"/><Choice value="unsure"/></Choices></View>"""


def main() -> None:
    question = json.load(sys.stdin)
    call_command("migrate", verbosity=0, interactive=False)
    people = [User.objects.create_user(f"person-{i}@example.org", "a password") for i in range(question["people"])]
    organization = Organization.create_organization(created_by=people[0], title="Benchmark")
    organization.jwt.legacy_api_tokens_enabled = True
    organization.jwt.save()
    for person in people[1:]:
        organization.add_user(person)
    User.objects.update(active_organization=organization)
    project = Project.objects.create(
        title="Benchmark",
        label_config=CONFIG,
        organization=organization,
        created_by=people[0],
        maximum_annotations=10,
    )
    rows = (Task(project=project, data={"name": f"s{i}"}, overlap=10) for i in range(question["tasks"]))
    Task.objects.bulk_create(rows, batch_size=5000)
    tokens = [Token.objects.get_or_create(user=person)[0].key for person in people]
    print(json.dumps({"project": project.pk, "tokens": tokens}))


if __name__ == "__main__":
    main()
